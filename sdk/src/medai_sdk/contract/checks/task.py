"""Checks of a task."""
