"""Energies of loops: the published tables, files of them, and the scores that they are."""
