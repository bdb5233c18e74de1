"""Sequences whose structures are kept back, for learning without them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np

from medai.errors import UsageError
from medai.tasks import Case, Dataset, Sample, View


class WithoutStructures(View):
    """The source's cases, of which a share has no structure: which ones depends on their ids alone.

    Args:
        source: what is read.
        share: of the cases, from 0 to 1.
    """

    def __init__(self, source: Dataset[Any, Any], share: float = 0.5) -> None:
        if not 0 <= share <= 1:
            raise UsageError(f"share = {share}: not from 0 to 1")
        super().__init__(source)
        self.share = share

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The source's sample, without its structure where that is kept back."""
        sample = self.source.read(case, rng)
        drawn = int.from_bytes(blake2b(case.id.encode(), digest_size=4).digest()) / 2**32
        return Sample(sample.case, sample.inputs, None if drawn < self.share else sample.reference, sample.origin)
