"""Non-local means from scikit-image, tuned on training cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skimage.restoration import denoise_nl_means

from medai_standard.models.tuned import Candidate, Pixels, Tuned

_STRENGTHS = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7)
_PATCH_SIZES = (3, 5, 7)


class NonLocalMeans(Tuned):
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

    words = "non-local means"
    tuned = {"h": float, "patch_size": int}

    def __init__(
        self,
        h: float | None = None,
        patch_size: int | None = None,
        patch_distance: int = 7,
        window: tuple[float, float] | None = None,
        samples: int = 12,
    ) -> None:
        super().__init__(window, samples)
        self.h, self.patch_size, self.patch_distance = h, patch_size, patch_distance
        self._fixed = h, patch_size

    def _ready(self) -> Candidate:
        if self.h is not None and self.patch_size is None:
            return self.h, _PATCH_SIZES[1]
        return super()._ready()

    def _candidates(self, noise: float) -> Iterator[Candidate]:
        """First the strengths, at one patch size; then, at the best strength, the other sizes."""
        h, size = self._fixed
        sizes = (size,) if size is not None else _PATCH_SIZES
        for strength in [h] if h is not None else [factor * noise for factor in _STRENGTHS]:
            yield strength, sizes[len(sizes) // 2]
        best, middle = self._best()
        for other in sizes:
            if other != middle:
                yield best, other

    def _denoise(self, channel: Pixels, *candidate: Any) -> Pixels:
        h, size = candidate
        return denoise_nl_means(channel, patch_size=size, patch_distance=self.patch_distance, h=h)
