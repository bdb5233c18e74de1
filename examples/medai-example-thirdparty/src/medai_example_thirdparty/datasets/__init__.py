"""Radiographs with outlines."""
