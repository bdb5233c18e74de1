"""Sequences with known structures, from files and from this plugin itself."""
