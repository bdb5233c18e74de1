"""Energies of loops: the published tables, files of them, and the scores that they are."""

from medai_rna.energies.published import load, named

__all__ = ["load", "named"]
