"""The checks, a module per kind."""
