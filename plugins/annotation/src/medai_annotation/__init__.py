"""medai-annotation: what sonographers drew on ultrasound images, taken off again. Discovery imports `medai_annotation.plugin`."""
