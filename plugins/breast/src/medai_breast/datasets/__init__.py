"""Breast ultrasound in its own layouts, as boxes."""
