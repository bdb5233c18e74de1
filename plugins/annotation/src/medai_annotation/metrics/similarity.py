"""Structural similarity as the study's tables have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medai.tasks.restoration import Ssim
from medai_annotation.metrics.averages import averages


class StudySsim(Ssim):
    """`medai/ssim` of images clipped to a window, `ssim`, the mean of the channels; the study gives no constants, these are the usual.

    Args:
        window: lowest and highest value that count.
        variance: whether `ssim-variance` over the cases is given too.
    """

    def __init__(self, window: tuple[float, float] | None = (0.0, 1.0), variance: bool = False) -> None:
        super().__init__(window)
        self._variance = variance

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """The mean over cases, and their variance where it is asked for; NaN where none is defined."""
        return averages("ssim", parts, self._variance)
