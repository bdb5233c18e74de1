"""Models that find tissue."""
