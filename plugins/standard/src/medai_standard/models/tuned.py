"""What denoisers that are tuned on training cases have in common: candidates, their errors, and the best of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Batch, Context, Feed, Image, Progress, Sample

Pixels = np.ndarray[Any, np.dtype[np.float32]]
Candidate = tuple[Any, ...]

_LARGEST_TUNED = 128


class Tuned(ABC):
    """A denoiser of (C, H, W) and (C, D, H, W) in the image's own unit, each channel by itself.

    `fit` tries candidates on the middle 128 pixels along each axis of a few training cases and keeps the one with the least squared
    error. A subclass names in `tuned` its attributes that a candidate has a value for, each with what makes the value of its text.

    Args:
        window: values are clipped to it when errors are compared, as the metrics do; None: not.
        samples: most training cases to tune on.
    """

    words: ClassVar[str]
    tuned: ClassVar[Mapping[str, Callable[[str], Any]]]

    def __init__(self, window: tuple[float, float] | None, samples: int) -> None:
        self.window, self.samples = window, samples
        self._errors: dict[str, float] = {}

    @abstractmethod
    def _candidates(self, noise: float) -> Iterator[Candidate]:
        """What to try, where the noise of the training cases has this root of the mean square; `_best` is that of those tried before."""

    @abstractmethod
    def _denoise(self, channel: Pixels, *candidate: Any) -> Pixels:
        """One channel, (H, W) or (D, H, W)."""

    def _ready(self) -> Candidate:
        """The candidate to predict by.

        Raises:
            DataError: what has to be tuned was neither given nor tuned.
        """
        values = tuple(getattr(self, name) for name in self.tuned)
        for name, value in zip(self.tuned, values, strict=True):
            if value is None:
                raise DataError(f"{self.words} needs {name}: fit it on training cases, or give it")
        return values

    def predict(self, batch: Batch[Image, Any]) -> list[Image]:
        """The denoised images, float32.

        Raises:
            DataError: what has to be tuned was neither given nor tuned.
        """
        ready = self._ready()
        return [Image(torch.from_numpy(self._denoised(pixels.cpu().numpy(), ready)), batch.inputs.unit) for pixels in batch.inputs.pixels]

    def fit(self, train: Feed[Image, Image], valid: Feed[Image, Image] | None, context: Context) -> Iterator[Progress]:
        """Try every candidate on the same training cases; one step is one candidate.

        Raises:
            DataError: no training case has a reference.
        """
        pairs = [pair for sample in _spread(train, self.samples) if (pair := _pair(sample)) is not None]
        if not pairs:
            raise DataError(f"{self.words} is tuned on pairs of input and reference, and there is none")
        noise = math.sqrt(float(np.mean([self._error(given, wanted) for given, wanted in pairs])))
        for step, candidate in enumerate(self._candidates(noise), start=1):
            name = " ".join(f"{value:.9g}" if isinstance(value, float) else str(value) for value in candidate)
            if name not in self._errors:
                self._errors[name] = float(np.mean([self._error(self._denoised(given, candidate), wanted) for given, wanted in pairs]))
                for attribute, value in zip(self.tuned, self._best(), strict=True):
                    setattr(self, attribute, value)
                yield Progress(step, 0, losses={"mse": self._errors[name]})

    def state_dict(self) -> dict[str, Any]:
        """The errors of the candidates so far, and the best of them."""
        return {"errors": dict(self._errors), **{name: getattr(self, name) for name in self.tuned}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state; `fit` goes on with the candidates that are left."""
        self._errors = dict(state["errors"])
        for name in self.tuned:
            setattr(self, name, state[name])

    def _best(self) -> Candidate:
        values = min(self._errors, key=self._errors.__getitem__).split()
        return tuple(made(text) for made, text in zip(self.tuned.values(), values, strict=True))

    def _denoised(self, pixels: Pixels, candidate: Candidate) -> Pixels:
        return np.stack([self._denoise(channel, *candidate) for channel in pixels]).astype(np.float32)

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
