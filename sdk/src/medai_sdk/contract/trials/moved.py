"""How an array that came back from a file was moved: axes swapped, turned round, shifted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_NAMES = ("planes", "rows", "columns")
_FARTHEST = 3
"""Pixels by which it is looked for."""


def moved(values: Array, found: Array, tolerance: float) -> str:
    """What was done to `values` (C, [D,] H, W) so that `found` came of it, in words; nothing where they are the same, or where no such
    move explains it."""
    if _close(values, found, tolerance):
        return ""
    names = _NAMES[-(values.ndim - 1) :]
    return next(itertools.chain(_turns(values, found, tolerance, names), _shifts(values, found, tolerance, names)), "")


def _turns(values: Array, found: Array, tolerance: float, names: tuple[str, ...]) -> Iterator[str]:
    axes = range(1, values.ndim)
    # What few changes explain is said first.
    ways = sorted(itertools.product(itertools.permutations(axes), itertools.product((False, True), repeat=len(axes))), key=_cost)
    for order, flips in ways:
        turned = np.flip(values.transpose(0, *order), tuple(axis for axis, flipped in zip(axes, flips, strict=True) if flipped))
        if _close(turned, found, tolerance):
            told = [] if order == tuple(axes) else [f"its axes are in the order {', '.join(names[axis - 1] for axis in order)}"]
            told += [f"its {names[order[place] - 1]} are in reverse order" for place, flipped in enumerate(flips) if flipped]
            yield " and ".join(told)


def _shifts(values: Array, found: Array, tolerance: float, names: tuple[str, ...]) -> Iterator[str]:
    for steps, axis, back in itertools.product(range(1, _FARTHEST + 1), range(1, values.ndim), (False, True)):
        if values.shape == found.shape and values.shape[axis] > 2 * steps:
            ahead, behind = np.arange(steps, values.shape[axis]), np.arange(values.shape[axis] - steps)
            was, now = values.take(behind if not back else ahead, axis), found.take(ahead if not back else behind, axis)
            # Of what is the same everywhere, nobody sees that it was moved.
            if np.ptp(was) > tolerance and _close(was, now, tolerance):
                yield f"it is shifted by {steps} along its {names[axis - 1]}"


def _cost(way: tuple[tuple[int, ...], tuple[bool, ...]]) -> tuple[int, int]:
    order, flips = way
    return sum(axis != place for place, axis in enumerate(order, start=1)), sum(flips)


def _close(one: Array, other: Array, tolerance: float) -> bool:
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0.0) <= tolerance)
