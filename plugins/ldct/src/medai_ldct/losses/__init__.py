"""Losses of the study's networks, which compare slices in HU."""
