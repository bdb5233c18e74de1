"""What the metrics of masks share: the reference to compare with, and means over what is defined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch

from medai.errors import DataError
from medai.tasks._records import Sample
from medai.tasks.inputs import Image
from medai.tasks.segmentation.types import Mask


def reference_of(sample: Sample[Image, Mask], prediction: Mask) -> torch.Tensor:
    """The reference's classes, of the prediction's shape.

    Raises:
        DataError: the case has no reference, or one of another shape.
    """
    if sample.reference is None:
        raise DataError(f"case {sample.case.id} has no reference to compare with")
    truth = sample.reference.labels
    if truth.shape != prediction.labels.shape:
        raise DataError(f"case {sample.case.id}: a prediction of {tuple(prediction.labels.shape)} for a reference of {tuple(truth.shape)}")
    return truth


def mean(values: Iterable[float]) -> float:
    """The mean of the values that are not NaN; NaN where none is left."""
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def named(figure: str, by_class: Mapping[int, float], names: Sequence[str]) -> dict[str, float]:
    """The mean over classes, and each class's figure with its name, else its number, behind a hyphen; of the one structure of two
    names, the mean says all."""
    means = {figure: mean(by_class.values())}
    if len(names) == 2 and by_class.keys() <= {1}:
        return means
    return means | {f"{figure}-{names[index] if index < len(names) else index}": value for index, value in by_class.items()}
