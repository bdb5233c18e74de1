"""Whether something would work on another device, found out without one: on torch's meta device, which has shapes and no numbers.

What computes with tensors of the meta device and of the CPU at once would fail on a GPU in the same way.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

META = torch.device("meta")


@dataclass(frozen=True)
class Held:
    """A tensor or module that a module holds as a plain attribute, or within one.

    Attributes:
        path: its name.
        container: the mapping or list that holds it.
        place: its key or index there.
        item: itself.
    """

    path: str
    container: Any
    place: Any
    item: torch.Tensor | nn.Module


def mixed(run: Callable[[], Any]) -> str:
    """What torch says when tensors of two devices meet; nothing when they do not, or when something else comes first."""
    try:
        run()
    except Exception as error:
        for each in (error, error.__cause__, error.__context__):
            if isinstance(each, RuntimeError) and "meta" in str(each) and ("expected device" in str(each) or "same device" in str(each)):
                return str(each).splitlines()[0]
    return ""


def staying(module: nn.Module, there: nn.Module) -> Iterator[Held]:
    """What stays where it is when the module moves; `there` is a copy that has moved: some move by themselves what they hold."""
    left = {held.path for held in _held_by(there) if any(each.device != META for each in _tensors_in(held.item))}
    yield from (held for held in _held_by(module) if held.path in left)


@contextmanager
def moved(held: Held) -> Iterator[None]:
    """With that one thing on the meta device, and all else where it is."""
    held.container[held.place] = copy.deepcopy(held.item).to(META)
    try:
        yield
    finally:
        held.container[held.place] = held.item


def _held_by(module: nn.Module) -> Iterator[Held]:
    for name, part in module.named_modules():
        for key, value in list(vars(part).items()):
            if key not in ("_parameters", "_buffers", "_modules"):
                yield from _within(f"{name}.{key}".lstrip("."), vars(part), key, value)


def _within(path: str, container: Any, place: Any, value: Any) -> Iterator[Held]:
    # A number without an axis may be anywhere.
    if (isinstance(value, torch.Tensor) and value.ndim) or isinstance(value, nn.Module):
        yield Held(path, container, place, value)
    elif isinstance(value, dict | list):
        for key, item in list(value.items()) if isinstance(value, dict) else enumerate(value):
            yield from _within(f"{path}[{key!r}]", value, key, item)


def _tensors_in(item: torch.Tensor | nn.Module) -> Iterator[torch.Tensor]:
    yield from (item,) if isinstance(item, torch.Tensor) else itertools.chain(item.parameters(), item.buffers())
