"""Outlines of tissue in radiographs, a plugin of medai."""
