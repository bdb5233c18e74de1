"""What the engine's loop costs over a bare PyTorch loop, per step: same samples, model, loss and optimiser, alternating in one run.

Wanted: at most 0.3 ms a step for a single 3x3 convolution, at most 3 % for EDCNN (64x64, batch 8), on the CPU, and on a GPU where there is
one. The engine's side is `drive` whole: feed, checks of the data, seeds, journal, last checkpoint.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from medai._engine.train import drive
from medai._results.folder import RunFolder
from medai.api import Train, Use
from medai.tasks import Case, Context, Image, Sample
from medai.tasks.restoration import Restoration
from medai_ldct.models.edcnn import Edcnn

BATCH, SIDE, RATE = 8, 64, 1e-4
MOST_MS, MOST_SHARE = 0.3, 0.03


class Memory:
    """Samples in memory: noise, as the two loops are timed and not judged by what they learn."""

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)
        pixels = torch.from_numpy(rng.uniform(-160, 240, (count, 2, 1, SIDE, SIDE)).astype(np.float32))
        self._cases = [Case(str(place), str(place)) for place in range(count)]
        self._samples = {
            case.id: Sample(case, Image(low, "HU"), Image(normal, "HU")) for case, (low, normal) in zip(self._cases, pixels, strict=True)
        }

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        return self._samples[case.id]

    def pairs(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        samples = self._samples.values()
        return [(sample.inputs.pixels, sample.reference.pixels) for sample in samples if sample.reference is not None]


@dataclass(frozen=True)
class Setting:
    """One comparison: a model, how many steps each repeat takes, and how many repeats."""

    name: str
    model: Callable[[], nn.Module]
    steps: int
    repeats: int
    judge: Callable[[float, float], tuple[bool, str]]


def bare(model: nn.Module, pairs: list[tuple[torch.Tensor, torch.Tensor]], device: torch.device, steps: int) -> list[float]:
    """A plain loop over a plain loader; the losses stay on the device until the end."""
    loader = DataLoader(pairs, batch_size=BATCH, shuffle=True)  # type: ignore[arg-type]
    optimizer, criterion = torch.optim.Adam(model.parameters(), lr=RATE), nn.MSELoss()
    model.train()
    losses: list[torch.Tensor] = []
    while len(losses) < steps:
        for low, normal in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(low.to(device, non_blocking=True)), normal.to(device, non_blocking=True))
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            if len(losses) == steps:
                break
    figures: list[float] = torch.stack(losses).tolist()
    return figures


def engine(model: nn.Module, data: Memory, device: torch.device, steps: int) -> None:
    """The same steps by the engine."""
    task = Restoration()
    feed = CaseFeed(data, task, part="train", seed=0, workers=0, quarantine=Quarantine(0.1))
    train = Train(batch=BATCH, steps=steps, optimizers={"all": Use("Adam", {"lr": RATE})}, validate_every=steps + 1)
    accelerator, _ = accelerator_for(device, train.precision)
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
        drive(ModuleLearner(model, task, Use("bench/model")), feed, None, context, folder, None, Listener(), lambda: None)


def compare(setting: Setting, data: Memory, device: torch.device) -> bool:
    """Alternate, print medians, say whether the engine is within its bounds."""
    pairs = data.pairs()

    def timed(loop: Callable[[nn.Module], Any]) -> float:
        model = setting.model().to(device)
        gc.collect()
        _wait(device)
        began = time.perf_counter()
        loop(model)
        _wait(device)
        return (time.perf_counter() - began) * 1000 / setting.steps

    rounds = [
        (timed(lambda model: bare(model, pairs, device, setting.steps)), timed(lambda model: engine(model, data, device, setting.steps)))
        for _ in range(setting.repeats + 1)
    ][1:]  # the first round warms up
    plain, ours = (statistics.median(times) for times in zip(*rounds, strict=True))
    # Each repeat's two loops ran side by side: their difference is steadier than that of the medians when the machine has other work.
    over = statistics.median(second - first for first, second in rounds)
    met, said = setting.judge(over, plain)
    print(f"{device.type:5} {setting.name:12} bare {plain:9.3f} ms   engine {ours:9.3f} ms   {said}   {'met' if met else 'MISSED'}", flush=True)
    return met


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def settings(quick: bool) -> list[Setting]:
    """The two comparisons."""

    def absolute(over: float, plain: float) -> tuple[bool, str]:
        return over <= MOST_MS, f"over {over:+.3f} ms a step, wanted <= {MOST_MS}"

    def relative(over: float, plain: float) -> tuple[bool, str]:
        return over <= MOST_SHARE * plain, f"over {over / plain:+.2%} a step, wanted <= {MOST_SHARE:.0%}"

    repeats = 5 if quick else 15
    return [
        Setting("convolution", lambda: nn.Conv2d(1, 1, 3, padding=1), 400, repeats, absolute),
        Setting("EDCNN", Edcnn, 20, repeats, relative),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line per device and model; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    # Threads that wait for one another time the machine's other work rather than the loop.
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    devices = [torch.device("cpu")] + ([torch.device("cuda")] if torch.cuda.is_available() else [])
    data = Memory(512)
    met = []
    for device in devices:
        print(f"{describe(device)}, {SIDE}x{SIDE}, batch {BATCH}, medians of alternating repeats")
        met += [compare(setting, data, device) for setting in settings(given.quick)]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
