"""Checks of a table."""
