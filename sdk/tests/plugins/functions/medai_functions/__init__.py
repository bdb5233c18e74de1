"""Functions as targets."""
