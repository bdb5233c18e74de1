"""A predictor that learns nothing."""
