"""The thresholds at which what a model took off an image is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from medai.errors import UsageError
from medai_annotation.masks import HALF_GREY

Array = np.ndarray[Any, np.dtype[np.float64]]

DEFAULT = 0.1
"""Of the range of an image, where no threshold was chosen on validation cases."""

_COUNT, _HIGHEST = 64, 0.5


def levels(threshold: float, count: int = _COUNT) -> Array:
    """`count` thresholds, rising in equal ratios from half a grey level to half the range of an image, and `threshold` among them."""
    return np.union1d(np.geomspace(HALF_GREY, _HIGHEST, count), [threshold])


def require_threshold(name: str, value: float | None) -> None:
    """Raise UsageError where a threshold is given that is not between 0 and 1."""
    if value is not None and not 0 < value < 1:
        raise UsageError(f"{name} = {value}: a difference of images of 0..1 is wanted, between 0 and 1")
