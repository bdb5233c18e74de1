"""Losses that are sound, but do something else beside."""
