"""How fast annotations are drawn: pairs a second on one core, and whether the loader keeps up with the study's U-Net.

Wanted: at least 300 pairs a second and core at 256 x 256, a pair being the annotated image, another one of the same clean image, the
clean image and what was drawn where; and a training step of the U-Net that takes longer than drawing its batch, so that the loader never
lets it wait.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from medai.api import build
from medai.errors import MedaiError
from medai.tasks import Case, Dataset, Image, Sample

LEAST = 300.0
SIDE, BATCH, CROP = 256, 4, 128
KINDS = ("body-marker", "radial-line", "vascular-flow", "all-kinds")
NETWORK = "annotation/costumed-unet"


class Memory:
    """Images in memory, so that drawing alone is timed."""

    def __init__(self, source: Dataset[Any, Any]) -> None:
        self._samples = {case.id: source.read(case, np.random.default_rng(0)) for case in source.cases()}

    def cases(self) -> Sequence[Case]:
        """All cases."""
        return [sample.case for sample in self._samples.values()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        """From memory."""
        return self._samples[case.id]


def rate(view: Dataset[Any, Any], seconds: float) -> tuple[float, float]:
    """Pairs a second, of five turns: the median and the least."""
    rng, cases, found = np.random.default_rng(0), list(view.cases()), []
    for _ in range(5):
        # Of the core's own time, whoever else is on it.
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds / 5:
            view.read(cases[count % len(cases)], rng)
            count += 1
        found.append(count / spent)
    return statistics.median(found), min(found)


def step_of(network: torch.nn.Module) -> Callable[[], float]:
    """A function that takes a training step on noise and returns its seconds."""
    optimizer = torch.optim.RMSprop(network.parameters(), lr=1e-5, momentum=0.9, weight_decay=1e-8)
    images = torch.rand(2, BATCH, 3, CROP, CROP)

    def step() -> float:
        start = time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss: Any = torch.nn.functional.l1_loss(network(images[0]), images[1])
        loss.backward()
        optimizer.step()
        return time.process_time() - start

    return step


def main() -> int:
    """Measure and print; 1 where a figure is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each kind")
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    source = Memory(build("annotation/phantom", subjects=8, pictures=2, size=SIDE))
    slowest = min(_show(kind, build(f"annotation/{kind}", source=source, target="noisy"), seconds) for kind in KINDS)
    starved = _compare(slowest)
    return int(slowest < LEAST or starved)


def _show(kind: str, view: Dataset[Any, Any], seconds: float) -> float:
    median, least = rate(view, seconds)
    print(f"{kind:14} {median:6.0f} pairs/s a core, at least {least:.0f}   (wanted {LEAST:.0f})")
    return median


def _compare(pairs: float) -> bool:
    try:
        network = build(NETWORK)
    except MedaiError as error:
        print(f"loader and network are not compared: {error}")
        return False
    step = step_of(network)
    step()
    took = statistics.median(step() for _ in range(5))
    drawn = BATCH / pairs
    print(f"{NETWORK}: a step on {BATCH} crops of {CROP} takes {1000 * took:.0f} ms on a core, drawing them {1000 * drawn:.1f} ms")
    return drawn > took


if __name__ == "__main__":
    sys.exit(main())
