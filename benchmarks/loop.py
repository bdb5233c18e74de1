"""What the engine's loop costs over a bare PyTorch loop, per step: same samples, model, loss and optimiser.

Wanted: at most 0.3 ms a step for a single 3x3 convolution, at most 3 % for EDCNN (64x64, batch 8), on the CPU, and on a GPU where there is
one. The two loops take turns step by step, so that what else the machine does meets both alike. The engine's side is all of `drive`: feed,
a generator per case, seeds, journal.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from medai._engine.device import accelerator_for, describe
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.listener import Listener
from medai._engine.module import ModuleLearner
from medai._engine.train import LOG_EVERY, drive
from medai._results.folder import RunFolder
from medai.api import Train, Use
from medai.tasks import Case, Context, Feed, Image, Progress, Sample
from medai.tasks.restoration import Restoration
from medai_ldct.models.edcnn import Edcnn

BATCH, SIDE, RATE = 8, 64, 1e-4
MOST_MS, MOST_SHARE = 0.3, 0.03


class Memory:
    """Samples in memory: noise, as the loops are timed and not judged by what they learn."""

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)
        pixels = torch.from_numpy(rng.uniform(-160, 240, (count, 2, 1, SIDE, SIDE)).astype(np.float32))
        self._cases = [Case(str(place), str(place)) for place in range(count)]
        self._samples = {
            case.id: Sample(case, Image(low, "HU"), Image(normal, "HU")) for case, (low, normal) in zip(self._cases, pixels, strict=True)
        }
        self.pairs = list(pixels.unbind())

    def cases(self) -> Sequence[Case]:
        """All cases."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """From memory."""
        return self._samples[case.id]


def bare(model: nn.Module, pairs: Sequence[torch.Tensor], device: torch.device) -> Iterator[torch.Tensor]:
    """A plain loop over a plain loader; yields each step's loss, left on the device."""
    loader: Any = DataLoader([(pair[0], pair[1]) for pair in pairs], batch_size=BATCH, shuffle=True)  # type: ignore[arg-type]
    optimizer, criterion = torch.optim.Adam(model.parameters(), lr=RATE), nn.MSELoss()
    model.train()
    while True:
        for low, normal in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(low.to(device, non_blocking=True)), normal.to(device, non_blocking=True))
            loss.backward()
            optimizer.step()
            yield loss.detach()


@dataclass
class TakingTurns:
    """The engine's learner, which after each of the engine's steps lets the bare loop take one; seconds of both, step by step."""

    learner: ModuleLearner
    plain: Iterator[torch.Tensor]
    device: torch.device
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def fit(self, train: Feed[Any, Any], valid: Feed[Any, Any] | None, context: Context) -> Iterator[Progress]:
        """Fit, timing from one yield to the next, so that what the engine does in between counts."""
        losses = []
        began = self.now()
        for progress in self.learner.fit(train, valid, context):
            yield progress
            ended = self.now()
            losses.append(next(self.plain))
            self.ours.append(ended - began)
            began = self.now()
            self.theirs.append(began - ended)
        assert bool(torch.stack(losses).isfinite().all())

    def state_dict(self) -> dict[str, Any]:
        """The learner's."""
        return self.learner.state_dict()

    def now(self) -> float:
        """Seconds, all that was asked of the device done."""
        # On the CPU, seconds that this process computed: the machine's other work is no matter.
        if self.device.type == "cpu":
            return time.process_time()
        torch.cuda.synchronize(self.device)
        return time.perf_counter()


def measure(build: Callable[[], nn.Module], data: Memory, device: torch.device, blocks: int) -> tuple[float, float]:
    """Milliseconds per step, the bare loop's and the engine's over it: medians of blocks from one journal line to the next."""
    task = Restoration()
    feed = CaseFeed(data, task, part="train", seed=0, workers=0, quarantine=Quarantine(0.1))
    steps = (blocks + 1) * LOG_EVERY
    train = Train(batch=BATCH, steps=steps, optimizers={"all": Use("Adam", {"lr": RATE})}, validate_every=steps + 1)
    accelerator, _ = accelerator_for(device, train.precision)
    learner = ModuleLearner(build(), task, Use("bench/model"))
    turns = TakingTurns(learner, bare(build().to(device), data.pairs, device), device)
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        context = Context(
            device=device,
            seed=0,
            train=train,
            task=task,
            loss=nn.MSELoss(),
            accelerator=accelerator,
            note=lambda text: None,
            folder=folder.scratch,
        )
        drive(turns, feed, None, context, folder, None, Listener(), Quarantine(0.0))
    ours, theirs = _means(turns.ours), _means(turns.theirs)
    over = statistics.median(mine - plain for mine, plain in zip(ours, theirs, strict=True))
    return statistics.median(theirs) * 1000, over * 1000


def _means(seconds: list[float]) -> list[float]:
    """The mean of each block but the first, which warms up."""
    return [statistics.fmean(seconds[first : first + LOG_EVERY]) for first in range(LOG_EVERY, len(seconds), LOG_EVERY)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line per device and model; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=30, help=f"blocks of {LOG_EVERY} steps for the convolution; EDCNN takes a third")
    # Threads that wait for one another would time the machine's other work.
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    data, met = Memory(512), True
    for device in [torch.device("cpu")] + [torch.device("cuda")] * torch.cuda.is_available():
        print(f"{describe(device)}, {SIDE}x{SIDE}, batch {BATCH}")
        plain, over = measure(lambda: nn.Conv2d(1, 1, 3, padding=1), data, device, given.blocks)
        met &= over <= MOST_MS
        print(f"  convolution  bare {plain:8.3f} ms a step, the engine {over:+.3f} ms (wanted: at most {MOST_MS} ms)", flush=True)
        plain, over = measure(Edcnn, data, device, max(1, given.blocks // 3))
        met &= over <= MOST_SHARE * plain
        print(f"  EDCNN        bare {plain:8.3f} ms a step, the engine {over / plain:+.2%} (wanted: at most {MOST_SHARE:.0%})", flush=True)
    print("met" if met else "MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
