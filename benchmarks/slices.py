"""What a slice costs on one core: simulating its low dose, and its SSIM beside scikit-image's in the same run.

    python benchmarks/slices.py

CPU time, medians. Exit code 1 when a low dose takes more than a second at 512 x 512 or 0.4 at 256 x 256, or SSIM longer
than scikit-image's.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from skimage.metrics import structural_similarity

from medai.tasks import Case, Image, Sample
from medai.tasks.restoration import Ssim
from medai.tasks.views import Cached
from medai_ldct.datasets.phantom import Phantom
from medai_ldct.datasets.simulated import Simulated

REPEATS = 5
SECONDS = {256: 0.4, 512: 1.0}
WINDOW = (-160.0, 240.0)


def main() -> int:
    torch.set_num_threads(1)
    kept = [_simulation(size, most) for size, most in SECONDS.items()]
    return 0 if all([*kept, _ssim()]) else 1


def _simulation(size: int, most: float) -> bool:
    source = Cached(Phantom(subjects=REPEATS, slices=1, size=size))
    for case in source.cases():
        source.read(case, np.random.default_rng(0))
    view = Simulated(source)
    taken = statistics.median(_seconds(partial(view.read, case, np.random.default_rng(0))) for case in view.cases())
    print(f"low dose, {size} x {size}: {taken:.2f} s, wanted at most {most:g}")
    return taken <= most


def _ssim() -> bool:
    rng = np.random.default_rng(0)
    one, other = (rng.uniform(*WINDOW, (512, 512)).astype(np.float32) for _ in range(2))
    answer, sample = (Image(torch.from_numpy(one)[None], "HU"), Sample(Case("c", "g"), *(Image(torch.from_numpy(other)[None], "HU"),) * 2))
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(_seconds(lambda: Ssim(WINDOW).case(answer, sample)))
        theirs.append(
            _seconds(partial(structural_similarity, one, other, data_range=400, gaussian_weights=True, use_sample_covariance=False))
        )
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"SSIM, 512 x 512: {1000 * statistics.median(ours):.0f} ms, {ratio:.2f} times scikit-image's, wanted at most 1")
    return ratio <= 1


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
