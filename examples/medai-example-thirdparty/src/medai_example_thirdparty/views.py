"""Views for training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from medai.errors import DataError, UsageError
from medai.tasks import Case, Dataset, Image, Sample, View


class Gamma(View):
    """Pictures in 0..1 to a random power, so that a network does not count on one brightness; the reference stays.

    Args:
        source: what is read; images in 0..1.
        most: the power lies between 1 / `most` and `most`, evenly in its logarithm.
    """

    def __init__(self, source: Dataset[Image, Any], most: float = 1.5) -> None:
        if not most >= 1:
            raise UsageError(f"most = {most}: 1 or more is wanted")
        super().__init__(source)
        self.most = most

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample with other brightness.

        Raises:
            DataError: the source cannot read it, or gives values that are not in 0..1.
        """
        sample = self.source.read(case, rng)
        if sample.inputs.unit != "0..1":
            raise DataError(f"case {case.id} is in {sample.inputs.unit or 'no unit'}; a power is of use in 0..1 alone")
        power = float(np.exp(rng.uniform(-1, 1) * np.log(self.most)))
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels.clamp(0, 1) ** power))
