"""medai-standard: common losses, baselines and exporters. Discovery imports `medai_standard.plugin`."""
