"""The networks that the study compares."""
