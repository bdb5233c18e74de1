"""A learner's state as one safetensors file: tensors by number, and the structure that holds them as JSON in the file's header.

One file, so that a checkpoint is whole or not there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from medai.errors import DataError, DivergedError, PluginError
from medai.io import replacing
from medai.weights._tensors import CHECKPOINT

Tensors = list[tuple[str, torch.Tensor]]
"""Where each tensor stands in the state, for messages, and the tensor."""

_TENSOR, _ARRAY, _PAIRS, _TUPLE = "__tensor__", "__array__", "__pairs__", "__tuple__"


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state: nested mappings and lists of tensors, arrays and JSON values.

    Raises:
        DivergedError: a floating-point tensor is not finite; the file that was there before is kept.
        EnvironmentFault: the disk is full.
        PluginError: the state holds something else.
    """
    tensors: Tensors = []
    structure = _pack(state, tensors, "state")
    if endless := _first_endless(tensors):
        raise DivergedError(f"{endless} is not finite; the last good checkpoint is kept")
    with replacing(path) as temporary:
        save_file(_apart(tensors), temporary, metadata={CHECKPOINT: json.dumps(structure)})


def save_again(path: Path, written: Path) -> None:
    """Have at `path` what was just written to `written`: under a second name where the disk can do that, else copied.

    Raises:
        EnvironmentFault: the disk is full; what stood at `path` is kept.
    """
    with replacing(path) as temporary:
        try:
            # Safe, for no checkpoint is changed in place: each is replaced by a new file.
            os.link(written, temporary)
        except OSError:
            shutil.copyfile(written, temporary)


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote; tensors are on the CPU.

    Raises:
        DataError: the file is not there or not whole, or holds what is not finite.
    """
    try:
        with safe_open(path, framework="pt") as file:
            structure = json.loads((file.metadata() or {})[CHECKPOINT])
            tensors = [file.get_tensor(str(index)) for index in range(len(list(file.keys())))]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise DataError(f"not a checkpoint of medai ({error})", path) from error
    state: dict[str, Any] = _unpack(structure, tensors)
    if endless := _not_finite(state):
        raise DataError(f"{endless} is not finite, which no checkpoint of medai is: the file was changed since", path)
    return state


def take_up(learner: Any, state: Mapping[str, Any], path: Path) -> None:
    """Give a learner the state that a checkpoint holds of it.

    Raises:
        DataError: it is that of another network.
    """
    try:
        learner.load_state_dict(state)
    except PluginError as error:
        raise DataError(str(error), path) from error


def check_finite(state: Mapping[str, Any]) -> None:
    """Raise DivergedError when a floating-point tensor or array of the state is not finite."""
    if endless := _not_finite(state):
        raise DivergedError(f"{endless} is not finite; the last good checkpoint is kept")


def _not_finite(state: Mapping[str, Any]) -> str:
    """The first floating-point tensor or array that is not finite; empty where there is none."""
    tensors: Tensors = []
    _pack(state, tensors, "state")
    return _first_endless(tensors)


def _first_endless(tensors: Tensors) -> str:
    floating = ((name, tensor) for name, tensor in tensors if tensor.is_floating_point() or tensor.is_complex())
    return next((name for name, tensor in floating if not _finite(tensor)), "")


def _finite(tensor: torch.Tensor) -> bool:
    # One pass instead of five: a sum is finite only of finite numbers; of large ones it may overflow, and then each is looked at.
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())


def _apart(tensors: Tensors) -> dict[str, torch.Tensor]:
    """The tensors by number; of those that share memory, as tied weights do and safetensors refuses, all but the first are copied."""
    seen: set[int] = set()
    named = {}
    for index, (_, tensor) in enumerate(tensors):
        place = tensor.untyped_storage().data_ptr()
        named[str(index)] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return named


def _pack(value: Any, tensors: Tensors, where: str) -> Any:
    if isinstance(value, torch.Tensor):
        tensors.append((where, value.detach().cpu().contiguous()))
        return {_TENSOR: len(tensors) - 1}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        # `ascontiguousarray` gives an array of no dimension one.
        tensors.append((where, torch.from_numpy(np.ascontiguousarray(value).reshape(value.shape).copy())))
        return {_ARRAY: len(tensors) - 1}
    if isinstance(value, Mapping):
        packed = [(key, _pack(item, tensors, f"{where}.{key}")) for key, item in value.items()]
        return dict(packed) if all(isinstance(key, str) for key in value) else {_PAIRS: packed}
    if isinstance(value, tuple):
        return {_TUPLE: [_pack(item, tensors, f"{where}.{index}") for index, item in enumerate(value)]}
    if isinstance(value, list):
        return [_pack(item, tensors, f"{where}.{index}") for index, item in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise PluginError(f"{where} is a {type(value).__name__}: a state holds tensors, arrays and JSON values alone")


def _unpack(value: Any, tensors: list[torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return tensors[value[_TENSOR]]
    if _ARRAY in value:
        return tensors[value[_ARRAY]].numpy()
    if _PAIRS in value:
        return {key: _unpack(item, tensors) for key, item in value[_PAIRS]}
    if _TUPLE in value:
        return tuple(_unpack(item, tensors) for item in value[_TUPLE])
    return {key: _unpack(item, tensors) for key, item in value.items()}
