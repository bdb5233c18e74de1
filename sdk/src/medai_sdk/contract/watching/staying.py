"""Which tensors stay where they are when what holds them moves to a device."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medai_sdk.contract.watching.distribution import within

_META = torch.device("meta")
_DEEPEST = 6
_Held = tuple[str, torch.Tensor | nn.Module]


def left_behind(holder: Any, roots: Iterable[Path] = ()) -> dict[str, list[torch.Tensor]]:
    """The tensors, by name, that stay where they are when what holds them moves: of a module, those in plain attributes, unless it moves
    them by itself; of anything else, all; and those of its classes, and of the modules of code below `roots`."""
    parts = list(holder.modules()) if isinstance(holder, nn.Module) else [holder]
    shared = itertools.chain(_of_classes(parts), _of_code(tuple(roots)))
    moving = {id(each) for each in _tensors_in(holder)} if isinstance(holder, nn.Module) else set()
    found = {name: [each for each in _tensors_in(item) if id(each) not in moving] for name, item in shared}
    return {name: held for name, held in {**found, **_of_instance(holder)}.items() if held}


def _of_instance(holder: Any) -> dict[str, list[torch.Tensor]]:
    if not isinstance(holder, nn.Module):
        return {name: list(_tensors_in(item)) for name, item in _within("", vars(holder) if hasattr(holder, "__dict__") else {})}
    there = copy.deepcopy(holder).to(_META)
    left = {name for name, item in _held_by(there) if any(each.device != _META for each in _tensors_in(item))}
    return {name: list(_tensors_in(item)) for name, item in _held_by(holder) if name in left}


def _held_by(module: nn.Module) -> Iterator[_Held]:
    for name, part in module.named_modules():
        own = {key: value for key, value in vars(part).items() if key not in ("_parameters", "_buffers", "_modules")}
        yield from _within(name, own)


def _of_classes(parts: Iterable[Any]) -> Iterator[_Held]:
    """What stands in the body of a class: instances share it, and none moves it."""
    classes = dict.fromkeys(each for part in parts for each in type(part).__mro__ if each.__module__.partition(".")[0] != "torch")
    for each in classes:
        yield from _within(each.__name__, {name: value for name, value in vars(each).items() if not name.startswith("__")})


def _of_code(roots: tuple[Path, ...]) -> Iterator[_Held]:
    """What stands at the top of a file."""
    for name, module in list(sys.modules.items()):
        if within(getattr(module, "__file__", None) or "", roots):
            yield from _within(name, {key: value for key, value in vars(module).items() if not key.startswith("__")})


def _within(name: str, value: Any, depth: int = 0) -> Iterator[_Held]:
    if isinstance(value, torch.Tensor | nn.Module):
        yield name, value
        return
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = vars(value) if hasattr(value, "__dict__") else {}
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth < _DEEPEST:
        for key, item in list(value.items() if isinstance(value, Mapping) else enumerate(value)):
            yield from _within(f"{name}.{key}".lstrip("."), item, depth + 1)


def _tensors_in(item: torch.Tensor | nn.Module) -> Iterator[torch.Tensor]:
    yield from (item,) if isinstance(item, torch.Tensor) else itertools.chain(item.parameters(), item.buffers())
