"""Average and variance over images, as the study's tables have them; and what is held against a case's reference."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Image, Sample


def averages(name: str, values: Sequence[float], variance: bool) -> dict[str, float]:
    """The mean of the values that are finite, and under `NAME-variance`, where it is asked for, their variance (of the population); NaN
    where none is, and the variance of fewer than two."""
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    found = {name: float(finite.mean()) if finite.size else math.nan}
    return found | ({f"{name}-variance": float(finite.var()) if finite.size > 1 else math.nan} if variance else {})


def compared(prediction: Image, sample: Sample[Image, Image]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pixels of the case's input, of the prediction and of the reference, each (C, H, W) float32 on the CPU, clipped to 0..1 as a screen
    shows them.

    Raises:
        DataError: the case has no reference, is no picture of 0..1, or the shapes differ.
    """
    if sample.reference is None:
        raise DataError(f"case {sample.case.id} has no reference to compare with")
    given, answer, truth = (image.pixels.detach().cpu().clamp(0, 1) for image in (sample.inputs, prediction, sample.reference))
    if truth.ndim != 3 or sample.reference.unit not in ("", "0..1"):
        unit = sample.reference.unit or "no unit"
        raise DataError(f"case {sample.case.id}: a picture (C, H, W) of 0..1 is wanted, not {tuple(truth.shape)} in {unit}")
    if not given.shape == answer.shape == truth.shape:
        shapes = ", ".join(str(tuple(each.shape)) for each in (given, answer, truth))
        raise DataError(f"case {sample.case.id}: input, prediction and reference are of different shapes: {shapes}")
    return given, answer, truth
