"""How the time of an answer grows with the length of the sequence."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks import Batch, Case, Sample, Sequence
from medai.tasks.pairing import BasePairing


class Runtime:
    """`ms-at-100-nt` and on: milliseconds to answer one random sequence of each length, the least of several times; and `runtime-exponent`,
    the power of the length by which they grow (the slope of a line through their logarithms). Of one machine: compare within one table
    alone.

    Args:
        lengths: bases, two lengths or more.
        repeats: how often each is timed, after a warm-up.
    """

    def __init__(self, lengths: tuple[int, ...] = (100, 200, 400), repeats: int = 3) -> None:
        if len(set(lengths)) < 2 or min(lengths) < 1:
            raise UsageError(f"lengths = {lengths}: two different lengths are wanted, or more")
        if repeats < 1:
            raise UsageError(f"repeats = {repeats}: 1 or more")
        self._lengths, self._repeats = tuple(sorted(set(lengths))), repeats

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The times; the batch is not looked at."""
        rng = np.random.default_rng(0)
        given = [_batch("".join(rng.choice(list("ACGU"), length))) for length in self._lengths]
        training = isinstance(model, torch.nn.Module) and model.training
        if training:
            model.eval()
        try:
            with torch.no_grad():
                seconds = [_least(functools.partial(_answer, model, each), self._repeats) for each in given]
        finally:
            if training:
                model.train()
        exponent = np.polyfit(np.log(self._lengths), np.log(seconds), 1)[0]
        times = {f"ms-at-{length}-nt": 1000 * value for length, value in zip(self._lengths, seconds, strict=True)}
        return {**times, "runtime-exponent": float(exponent)}


def _batch(letters: str) -> Batch[Any, Any]:
    return Batch.of([Sample(Case("random", "random"), Sequence(letters))])


def _answer(model: Any, batch: Batch[Any, Any]) -> Any:
    """What the model makes of a batch: a predictor's answer, or a plain module's output as pairs."""
    if hasattr(model, "predict"):
        return model.predict(batch)
    task = BasePairing()
    (letters,) = task.arguments(batch)
    parameter = next(model.parameters(), None)
    return task.predictions(model(letters if parameter is None else letters.to(parameter.device)), batch)


def _least(answer: Callable[[], Any], repeats: int) -> float:
    answer()
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        answer()
        found.append(time.perf_counter() - started)
    return max(min(found), 1e-9)
