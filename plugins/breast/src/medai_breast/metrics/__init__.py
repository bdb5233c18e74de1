"""Figures of boxes and of what a detector costs."""
