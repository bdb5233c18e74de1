"""A detector whose run feeds a classifier."""
