"""How alike two predictions, states or batches are, whatever types they are made of."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

CLOSE = 1e-3
"""Differences, relative to the largest value, that rounding may make: convolutions of another batch size add up in another order."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What a value is made of, down through data classes, mappings, lists and tuples, each with its place in words."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors among the leaves."""
    yield from (leaf for _, leaf in leaves(value) if isinstance(leaf, torch.Tensor))


def difference(first: Any, second: Any, *, least: float = 0.0) -> float:
    """0 where two values are the same; of numbers, the largest difference relative to the largest value, or to `least` where that is
    more; of whole numbers and truth values in tensors, the share that differs; infinite where they are of other types, shapes or texts.
    """
    ones, others = dict(leaves(first)), dict(leaves(second))
    if ones.keys() != others.keys():
        return math.inf
    return max((_apart(one, others[place], least) for place, one in ones.items()), default=0.0)


def differs(first: Any, second: Any) -> str:
    """The first place where two values differ at all, or nothing."""
    for (place, one), (_, other) in zip(leaves(first), leaves(second), strict=False):
        if _apart(one, other, 0.0) > 0:
            return place or "it"
    return ""


def copied(value: Any) -> Any:
    """A copy that shares no memory; gradients are left behind."""
    return copy.deepcopy(value, {id(tensor): tensor.detach().clone() for tensor in tensors(value)})


def _apart(first: Any, second: Any, least: float) -> float:
    if isinstance(first, torch.Tensor | np.ndarray) and type(first) is type(second):
        return _numbers_apart(torch.as_tensor(first), torch.as_tensor(second), least)
    if isinstance(first, bool | str | bytes | None) or not isinstance(first, int | float):
        return 0.0 if type(first) is type(second) and _equal(first, second) else math.inf
    if not isinstance(second, int | float):
        return math.inf
    return _numbers_apart(torch.tensor(float(first)), torch.tensor(float(second)), least)


def _equal(first: Any, second: Any) -> bool:
    try:
        return bool(first == second)
    except (TypeError, ValueError, RuntimeError):
        return False


def _numbers_apart(first: torch.Tensor, second: torch.Tensor, least: float) -> float:
    if first.shape != second.shape or first.dtype != second.dtype:
        return math.inf
    if not first.numel():
        return 0.0
    if not first.is_floating_point():
        return float((first != second).double().mean())
    one, other = first.detach().double().cpu(), second.detach().double().cpu()
    both_nan = one.isnan() & other.isnan()
    apart = torch.where(both_nan | (one == other), torch.zeros_like(one), (one - other).abs())
    if not bool(apart.isfinite().all()):
        return math.inf
    scale = max(least, float(one.nan_to_num(0, 0, 0).abs().max()), float(other.nan_to_num(0, 0, 0).abs().max()))
    return float(apart.max()) / scale if scale else 0.0
