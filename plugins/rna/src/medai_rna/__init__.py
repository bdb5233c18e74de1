"""medai-rna: RNA secondary structure. Discovery imports `medai_rna.plugin`."""
