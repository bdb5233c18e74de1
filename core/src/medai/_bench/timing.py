"""Times of calls: median and quartiles after a warm-up, with the device waited for."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch

K = TypeVar("K")  # names of calls

WARMUP = 1
"""Rounds that are not counted."""
_LEAST, _MOST, _SECONDS = 3, 100, 2.0
"""Rounds where nobody says how many: as many as fit in so many seconds for each call, within these bounds."""


@dataclass(frozen=True)
class Spread:
    """Milliseconds: the median, the lower and the upper quartile, and of how many times."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, seconds: list[float]) -> Spread:
        """The spread of times in seconds."""
        found = [each * 1000 for each in seconds]
        low, median, high = statistics.quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
        return cls(median, low, high, len(found))


def timed(
    calls: Mapping[K, Callable[[], object]], device: torch.device, *, repeats: int | None = None, warmup: int = WARMUP
) -> dict[K, Spread]:
    """How long each call takes.

    They take turns, so that a machine that grows slower meanwhile does so for all of them alike. `repeats` None: as many rounds as fit
    in some seconds.
    """
    for _ in range(warmup):
        for call in calls.values():
            call()
    seconds: dict[K, list[float]] = {name: [] for name in calls}
    collecting, began = gc.isenabled(), time.perf_counter()
    gc.disable()
    try:
        rounds = 0
        while rounds < (_enough(rounds, time.perf_counter() - began, len(calls)) if repeats is None else repeats):
            for name, call in calls.items():
                seconds[name].append(_seconds(call, device))
            rounds += 1
    finally:
        if collecting:
            gc.enable()
    return {name: Spread.of(found) for name, found in seconds.items()}


def synchronize(device: torch.device) -> None:
    """Wait until a device has done what it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """So many threads of torch on the CPU; None: as many as there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _enough(rounds: int, seconds: float, calls: int) -> int:
    """How many rounds are wanted, after so many in so many seconds."""
    return rounds if rounds >= _LEAST and seconds >= _SECONDS * calls else min(_MOST, rounds + 1)


def _seconds(call: Callable[[], object], device: torch.device) -> float:
    synchronize(device)
    began = time.perf_counter()
    call()
    synchronize(device)
    return time.perf_counter() - began
