"""BM3D by its authors' package, tuned on training cases. The package's licence is for non-commercial use alone, and it is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from medai.errors import EnvironmentFault
from medai_standard.models.tuned import Candidate, Pixels, Tuned

_STRENGTHS = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7)


class Bm3d(Tuned):
    """Like blocks are stacked and filtered together by shrinking the transform of the stack (Dabov et al. 2007), by the authors' package
    `bm3d`, whose licence allows non-commercial use alone.

    Works on (C, H, W), and plane by plane on (C, D, H, W), each channel by itself, in the image's own unit. `fit` picks `sigma` by the
    least squared error: strengths times the noise found in the training cases. Tuning looks at the middle 128 pixels along each axis.

    Args:
        sigma: standard deviation of the noise, in the image's unit; None: tuned by `fit`, without which predicting is an error.
        stages: `both`, hard thresholding and then a Wiener filter by its result; or `hard`, the first alone, in half of the time.
        window: values are clipped to it when errors are compared, as the metrics do; None: not.
        samples: most training cases to tune on.

    Raises:
        EnvironmentFault: the package is not installed.
    """

    words = "BM3D"
    tuned = {"sigma": float}

    def __init__(
        self,
        sigma: float | None = None,
        stages: Literal["both", "hard"] = "both",
        window: tuple[float, float] | None = None,
        samples: int = 4,
    ) -> None:
        if find_spec("bm3d") is None:
            raise EnvironmentFault("bm3d is not installed: pip install 'medai-standard[bm3d]' (its licence: non-commercial use alone)")
        super().__init__(window, samples)
        self.sigma, self.stages = sigma, stages
        self._fixed = sigma

    def _candidates(self, noise: float) -> Iterator[Candidate]:
        for strength in [self._fixed] if self._fixed is not None else [factor * noise for factor in _STRENGTHS]:
            yield (strength,)

    def _denoise(self, channel: Pixels, *candidate: Any) -> Pixels:
        import bm3d

        # Without noise there is nothing to remove, and the package divides by it.
        (sigma,) = candidate
        if not sigma > 0:
            return channel
        profile = bm3d.BM3DProfile()
        # With several, sums are in another order each time, and so are figures in their last digits.
        profile.num_threads = 1
        stages = bm3d.BM3DStages.ALL_STAGES if self.stages == "both" else bm3d.BM3DStages.HARD_THRESHOLDING
        planes = channel[None] if channel.ndim == 2 else channel
        found = np.stack([bm3d.bm3d(plane.astype(np.float64), float(sigma), profile, stage_arg=stages) for plane in planes])
        return found.reshape(channel.shape).astype(np.float32)
