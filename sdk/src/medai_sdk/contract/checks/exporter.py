"""Checks of a exporter."""
