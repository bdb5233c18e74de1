"""Non-local means from scikit-image, tuned on training cases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from skimage.restoration import denoise_nl_means

from medai.errors import DataError
from medai.tasks import Batch, Context, Feed, Image, Progress, Sample

Pixels = np.ndarray[Any, np.dtype[np.float32]]

_STRENGTHS = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7)
_PATCH_SIZES = (3, 5, 7)
_LARGEST_TUNED = 128


class NonLocalMeans:
    """Each pixel becomes the mean of pixels with like surroundings (Buades et al. 2005); fast mode of `skimage.restoration`.

    Works on (C, H, W) and (C, D, H, W), each channel by itself, in the image's own unit. `fit` picks `h`, the difference between
    surroundings that still counts as alike, and the patch size by the least squared error: strengths times the noise found in the
    training cases, then three patch sizes. Tuning looks at the middle 128 pixels along each axis.

    Args:
        h: in the image's unit; None: tuned by `fit`, without which predicting is an error.
        patch_size: pixels along each side of a surrounding; None: tuned.
        patch_distance: how many pixels away to look.
        window: values are clipped to it when errors are compared, as the metrics do; None: not.
        samples: most training cases to tune on.
    """

    def __init__(
        self,
        h: float | None = None,
        patch_size: int | None = None,
        patch_distance: int = 7,
        window: tuple[float, float] | None = None,
        samples: int = 12,
    ) -> None:
        self.h, self.patch_size, self.patch_distance = h, patch_size, patch_distance
        self.window, self.samples = window, samples
        self._errors: dict[str, float] = {}
        self._fixed = h, patch_size

    def predict(self, batch: Batch[Image, Any]) -> list[Image]:
        """The denoised images, float32.

        Raises:
            DataError: `h` was neither given nor tuned.
        """
        if self.h is None:
            raise DataError("non-local means needs h: fit it on training cases, or give it")
        size = self.patch_size or _PATCH_SIZES[1]
        return [
            Image(torch.from_numpy(self._denoise(pixels.cpu().numpy(), self.h, size)), batch.inputs.unit) for pixels in batch.inputs.pixels
        ]

    def fit(self, train: Feed[Image, Image], valid: Feed[Image, Image] | None, context: Context) -> Iterator[Progress]:
        """Try every candidate on the same training cases; one step is one candidate.

        Raises:
            DataError: no training case has a reference.
        """
        pairs = [pair for sample in _spread(train, self.samples) if (pair := _pair(sample)) is not None]
        if not pairs:
            raise DataError("non-local means is tuned on pairs of input and reference, and there is none")
        for step, (h, size) in enumerate(self._candidates(pairs), start=1):
            name = f"{h:.9g} {size}"
            if name not in self._errors:
                self._errors[name] = float(np.mean([self._error(self._denoise(given, h, size), wanted) for given, wanted in pairs]))
                self.h, self.patch_size = self._best()
                yield Progress(step, 0, losses={"mse": self._errors[name]})

    def state_dict(self) -> dict[str, Any]:
        """The errors of the candidates so far, and the best of them."""
        return {"errors": dict(self._errors), "h": self.h, "patch_size": self.patch_size}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state; `fit` goes on with the candidates that are left."""
        self._errors = dict(state["errors"])
        self.h, self.patch_size = state["h"], state["patch_size"]

    def _candidates(self, pairs: list[tuple[Pixels, Pixels]]) -> Iterator[tuple[float, int]]:
        """First the strengths, at one patch size; then, at the best strength, the other sizes."""
        h, size = self._fixed
        sizes = (size,) if size is not None else _PATCH_SIZES
        noise = math.sqrt(float(np.mean([self._error(given, wanted) for given, wanted in pairs])))
        for strength in [h] if h is not None else [factor * noise for factor in _STRENGTHS]:
            yield strength, sizes[len(sizes) // 2]
        best, middle = self._best()
        for other in sizes:
            if other != middle:
                yield best, other

    def _best(self) -> tuple[float, int]:
        h, size = min(self._errors, key=self._errors.__getitem__).split()
        return float(h), int(size)

    def _denoise(self, pixels: Pixels, h: float, size: int) -> Pixels:
        channels = [denoise_nl_means(channel, patch_size=size, patch_distance=self.patch_distance, h=h) for channel in pixels]
        return np.stack(channels).astype(np.float32)

    def _error(self, answer: Pixels, wanted: Pixels) -> float:
        low, high = self.window or (-math.inf, math.inf)
        return float(np.mean((np.clip(answer, low, high) - np.clip(wanted, low, high)) ** 2))


def _spread(train: Feed[Image, Image], count: int) -> Iterator[Sample[Image, Image]]:
    """At most `count` cases, evenly spread over the feed, so that more than its first patients are seen."""
    return islice(train.samples(), 0, None, max(1, math.ceil(len(train) / count)))


def _pair(sample: Sample[Image, Image]) -> tuple[Pixels, Pixels] | None:
    if sample.reference is None:
        return None
    middle = tuple(
        slice(max(0, (length - _LARGEST_TUNED) // 2), max(0, (length - _LARGEST_TUNED) // 2) + _LARGEST_TUNED)
        for length in sample.inputs.pixels.shape[1:]
    )
    return sample.inputs.pixels[(slice(None), *middle)].numpy(), sample.reference.pixels[(slice(None), *middle)].numpy()
