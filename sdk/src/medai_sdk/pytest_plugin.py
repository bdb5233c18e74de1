"""pytest, for a plugin's own tests."""
