"""Nussinov and Jacobson's algorithm."""

from __future__ import annotations

from typing import Any

from medai.tasks import Batch, Pairs
from medai_rna.folding.decode import nussinov
from medai_rna.folding.problem import each


class Nussinov:
    """The most nested pairs A-U, G-C and G-U that there can be, hairpins of 3 bases or more; nothing is learnt."""

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        """A structure for each sequence."""
        return each(nussinov, [item.letters for item in batch.inputs])
