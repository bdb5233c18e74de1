"""Wavelet shrinkage from scikit-image, tuned on training cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pywt
from skimage.restoration import denoise_wavelet

from medai.errors import UsageError
from medai_standard.models.tuned import Candidate, Pixels, Tuned

_METHODS = ("BayesShrink", "VisuShrink")
# VisuShrink's threshold grows with the image and is far too high at the noise's own size.
_STRENGTHS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4)


class Wavelets(Tuned):
    """Coefficients of a wavelet transform are drawn towards zero by a threshold, softly; `skimage.restoration.denoise_wavelet`.

    Works on (C, H, W) and (C, D, H, W), each channel by itself, in the image's own unit. `fit` picks the rule that sets the thresholds
    (BayesShrink: one per band, Chang et al. 2000; VisuShrink: one for all, Donoho and Johnstone 1994) and `sigma`, the noise that it is
    told of, by the least squared error: parts of the noise found in the training cases, for the noise of CT is not white, and its bands
    have not all as much. Tuning looks at the middle 128 pixels along each axis.

    Args:
        sigma: standard deviation of the noise, in the image's unit; None: tuned by `fit`, without which predicting is an error.
        method: which rule; None: tuned.
        wavelet: an orthogonal wavelet by its name in PyWavelets, such as `db2`, `sym8`, `haar`.
        levels: of the transform; None: three less than the image's size allows.
        window: values are clipped to it when errors are compared, as the metrics do; None: not.
        samples: most training cases to tune on.

    Raises:
        UsageError: there is no such wavelet, or it is not orthogonal.
    """

    words = "wavelet shrinkage"
    tuned = {"sigma": float, "method": str}

    def __init__(
        self,
        sigma: float | None = None,
        method: Literal["BayesShrink", "VisuShrink"] | None = None,
        wavelet: str = "db2",
        levels: int | None = None,
        window: tuple[float, float] | None = None,
        samples: int = 12,
    ) -> None:
        if wavelet not in pywt.wavelist(kind="discrete") or not pywt.Wavelet(wavelet).orthogonal:
            raise UsageError(f"wavelet = {wavelet!r}: no orthogonal wavelet of PyWavelets, such as db2, sym8 or haar")
        super().__init__(window, samples)
        self.sigma, self.method, self.wavelet, self.levels = sigma, method, wavelet, levels
        self._fixed = sigma, method

    def _ready(self) -> Candidate:
        if self.sigma is not None and self.method is None:
            return self.sigma, _METHODS[0]
        return super()._ready()

    def _candidates(self, noise: float) -> Iterator[Candidate]:
        sigma, method = self._fixed
        for rule in (method,) if method is not None else _METHODS:
            for strength in [sigma] if sigma is not None else [factor * noise for factor in _STRENGTHS]:
                yield strength, rule

    def _denoise(self, channel: Pixels, *candidate: Any) -> Pixels:
        sigma, method = candidate
        return denoise_wavelet(channel, sigma=sigma, method=method, wavelet=self.wavelet, wavelet_levels=self.levels, mode="soft")
