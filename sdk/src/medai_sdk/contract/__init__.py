"""The contract between medai and its plugins, check by check."""
