"""What PSNR-HVS-M of a pair of images costs on one core, beside a plain loop over blocks and beside SSIM in the same run.

    python benchmarks/psnr_hvs_m.py

CPU time, medians, of grey images in three channels. Exit code 1 when at 512 x 512 it is less than five times as fast as the loop, or
slower than SSIM.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from medai.tasks import Case, Image, Sample
from medai_annotation.metrics.psnr_hvs_m import PsnrHvsM, psnr_hvs_m
from medai_annotation.metrics.similarity import StudySsim

Array = np.ndarray[Any, np.dtype[np.float64]]

REPEATS = 5
SIZES = (256, 512)


def main() -> int:
    torch.set_num_threads(1)
    kept = [_pair(size) for size in SIZES]
    return 0 if kept[-1] else 1


def _pair(size: int) -> bool:
    rng = np.random.default_rng(0)
    clean = rng.normal(0, 1, (size, size)).cumsum(axis=1)
    clean = (clean - clean.min()) / (clean.max() - clean.min())
    spoilt = np.clip(clean + rng.normal(0, 0.05, clean.shape), 0, 1)
    answer, truth = (Image(torch.from_numpy(each).float()[None].repeat(3, 1, 1), "0..1") for each in (spoilt, clean))
    sample = Sample(Case("c", "g"), truth, truth)
    ours = _median(lambda: PsnrHvsM().case(answer, sample))
    ssim = _median(lambda: StudySsim().case(answer, sample))
    loop = _median(lambda: _looped(255 * spoilt, 255 * clean))
    print(
        f"PSNR-HVS-M, {size} x {size}: {1000 * ours:.1f} ms; a loop over blocks {1000 * loop:.0f} ms, {loop / ours:.0f} times that; "
        f"SSIM {1000 * ssim:.1f} ms, {ssim / ours:.1f} times"
    )
    return loop / ours >= 5 and ssim >= ours


def _looped(first: Array, second: Array) -> list[float]:
    """The figure of each block by itself, as the authors' program goes through them."""
    rows, columns = (range(0, length - 7, 8) for length in first.shape)
    return [psnr_hvs_m(first[r : r + 8, c : c + 8], second[r : r + 8, c : c + 8]) for r in rows for c in columns]


def _median(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
