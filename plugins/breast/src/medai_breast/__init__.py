"""medai-breast: lesions in breast ultrasound. Discovery imports `medai_breast.plugin`."""
