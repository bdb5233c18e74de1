"""Whether something would work on another device, found out on the CPU: by following which tensors would have stayed behind on it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from medai_sdk.contract.trials.comparing import tensors

_META = torch.device("meta")
_UNSEEN = ("from_numpy", "frombuffer")
"""They make tensors, and torch does not tell modes of them."""
_TO_ANOTHER = frozenset({"to", "cuda", "type_as", "copy_", "__setitem__"})
_TO_THE_CPU = frozenset({"cpu", "numpy", "tolist"})


class Following(TorchFunctionMode):
    """Follows, through all that torch does, which tensors would lie on the CPU if the model and its batch lay on a GPU.

    Those are the ones given, whatever is made without a device, and what is computed from these alone. Where one of them meets one of
    the others, torch would refuse on a GPU. A number without an axis may be anywhere.

    Attributes:
        met: where that happened first, in words; empty if it did not.
    """

    def __init__(self, left_behind: Mapping[str, Sequence[torch.Tensor]]) -> None:
        super().__init__()
        # The tensors too, so that no other takes the number of one that is gone.
        self._left = {id(each): (each, name) for name, held in left_behind.items() for each in held}
        self.met = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        found, name = func(*args, **kwargs), getattr(func, "__name__", "")
        given = list(tensors([list(args), kwargs]))
        left = [each for each in given if id(each) in self._left]
        if name in _TO_ANOTHER | _TO_THE_CPU:
            return self._moved(found, name, args, kwargs)
        if not given and kwargs.get("device") is None:
            self._leave(found, f"what {name} makes without a device")
        elif left and len(left) == len(given):
            self._leave(found, self._left[id(left[0])][1])
        elif self._meet(given, name, args):
            self.met = self.met or f"{name} is given {self._left[id(left[0])][1]}"
        return found

    def leaving(self, name: str) -> Callable[..., torch.Tensor]:
        """A function of torch that makes tensors on the CPU, whose tensors are then followed too."""
        made: Callable[..., torch.Tensor] = getattr(torch, name)

        def make(*args: Any, **kwargs: Any) -> torch.Tensor:
            found = made(*args, **kwargs)
            self._leave(found, f"what {name} makes")
            return found

        return make

    def _meet(self, given: Sequence[torch.Tensor], name: str, args: Any) -> bool:
        """Whether tensors of two devices are given; an index may lie on the CPU."""
        if name == "__getitem__" and id(args[0]) not in self._left:
            return False
        return len({id(each) in self._left for each in given if each.ndim}) == 2

    def _moved(self, found: Any, name: str, args: Any, kwargs: Any) -> Any:
        """What comes of a move, as a tensor of its own: on the CPU, torch gives the same one."""
        if not isinstance(found, torch.Tensor) or name == "copy_":
            return found
        found = found.view(found.shape) if found.is_contiguous() else found.clone()
        if name in _TO_THE_CPU or "cpu" in [each for each in (*args[1:], *kwargs.values()) if isinstance(each, str)]:
            self._leave(found, "what was moved to the CPU")
        return found

    def _leave(self, found: Any, name: str) -> None:
        for each in tensors(found):
            self._left[id(each)] = (each, name)


def mixes(run: Callable[[], Any], left_behind: Mapping[str, Sequence[torch.Tensor]]) -> str:
    """Where `run` would mix devices, in words; nothing where it would not, or fails otherwise before it does."""
    following = Following(left_behind)
    with mock.patch.dict(vars(torch), {name: following.leaving(name) for name in _UNSEEN}), following:
        try:
            run()
        except Exception:  # what is wrong with it is for other checks to say
            return following.met
    return following.met


def left_behind(holder: Any) -> dict[str, list[torch.Tensor]]:
    """The tensors, by name, that stay where they are when what holds them moves: of a module, those in plain attributes, unless it moves
    them by itself; of anything else, all."""
    if not isinstance(holder, nn.Module):
        return {name: list(_tensors_in(item)) for name, item in _within("", vars(holder) if hasattr(holder, "__dict__") else {})}
    there = copy.deepcopy(holder).to(_META)
    left = {name for name, item in _held_by(there) if any(each.device != _META for each in _tensors_in(item))}
    return {name: list(_tensors_in(item)) for name, item in _held_by(holder) if name in left}


def _held_by(module: nn.Module) -> Iterator[tuple[str, torch.Tensor | nn.Module]]:
    for name, part in module.named_modules():
        own = {key: value for key, value in vars(part).items() if key not in ("_parameters", "_buffers", "_modules")}
        yield from _within(name, own)


def _within(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor | nn.Module]]:
    if isinstance(value, torch.Tensor | nn.Module):
        yield name, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _within(f"{name}.{key}".lstrip("."), item)


def _tensors_in(item: torch.Tensor | nn.Module) -> Iterator[torch.Tensor]:
    yield from (item,) if isinstance(item, torch.Tensor) else itertools.chain(item.parameters(), item.buffers())
