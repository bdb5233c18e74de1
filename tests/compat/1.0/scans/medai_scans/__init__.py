"""CT slices, a network that cleans them, and where the answers go."""
