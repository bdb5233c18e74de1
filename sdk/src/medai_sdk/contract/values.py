"""Predictions, samples and parts of metrics compared, whatever they are made of."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from medai.tasks import Sample


def difference(first: Any, second: Any) -> float:
    """The largest difference between numbers in the same place; infinite where anything else differs (types, shapes, keys, texts).

    NaN is like NaN, and infinity like itself.
    """
    if isinstance(first, bool | str) or first is None:
        return 0.0 if type(first) is type(second) and first == second else math.inf
    if isinstance(first, int | float) and isinstance(second, int | float):
        return _between(np.asarray(first, np.float64), np.asarray(second, np.float64))
    if type(first) is not type(second):
        return math.inf
    if isinstance(first, torch.Tensor):
        return _between(_array(first), _array(second)) if first.dtype == second.dtype else math.inf
    if isinstance(first, np.ndarray):
        return _between(first, second) if first.dtype == second.dtype else math.inf
    if dataclasses.is_dataclass(first):
        return _largest(difference(getattr(first, field.name), getattr(second, field.name)) for field in dataclasses.fields(first))
    if isinstance(first, Mapping):
        return _largest(difference(first[key], second[key]) for key in first) if first.keys() == second.keys() else math.inf
    if isinstance(first, list | tuple):
        alike = len(first) == len(second)
        return _largest(difference(one, two) for one, two in zip(first, second, strict=True)) if alike else math.inf
    return 0.0 if first == second else math.inf


def copied(value: Any) -> Any:
    """A deep copy; of a sample, without copying where it comes from."""
    if isinstance(value, Sample):
        return dataclasses.replace(value, inputs=copy.deepcopy(value.inputs), reference=copy.deepcopy(value.reference))
    return [copied(item) for item in value] if isinstance(value, list) else copy.deepcopy(value)


def scale_of(value: Any) -> float:
    """The largest number in a value, 1 at least: what a difference is small beside."""
    if isinstance(value, torch.Tensor | np.ndarray):
        held = _array(value) if isinstance(value, torch.Tensor) else value
        finite = np.abs(held[np.isfinite(held)]) if held.size and np.issubdtype(held.dtype, np.number) else np.zeros(0)
        return max(1.0, float(finite.max())) if finite.size else 1.0
    if isinstance(value, int | float):
        return max(1.0, abs(value)) if math.isfinite(value) else 1.0
    if dataclasses.is_dataclass(value):
        return _largest((scale_of(getattr(value, field.name)) for field in dataclasses.fields(value)), least=1.0)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return _largest(map(scale_of, inner), least=1.0)


def _array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    held = tensor.detach().cpu()
    return np.asarray((held.float() if held.dtype == torch.bfloat16 else held).numpy())


def _between(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> float:
    if first.shape != second.shape:
        return math.inf
    if not first.size or np.array_equal(first, second):
        return 0.0
    if not np.issubdtype(first.dtype, np.number):
        return math.inf
    one, two = first.astype(np.float64), second.astype(np.float64)
    same = (one == two) | (np.isnan(one) & np.isnan(two))
    apart = np.abs(one[~same] - two[~same])
    return float(np.where(np.isnan(apart), math.inf, apart).max()) if apart.size else 0.0


def _largest(values: Any, *, least: float = 0.0) -> float:
    return max(values, default=least)
