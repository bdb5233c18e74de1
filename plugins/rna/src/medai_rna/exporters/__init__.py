"""Files of structures and of energies."""
