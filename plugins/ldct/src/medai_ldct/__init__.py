"""medai-ldct: low-dose CT denoising. Discovery imports `medai_ldct.plugin`."""
