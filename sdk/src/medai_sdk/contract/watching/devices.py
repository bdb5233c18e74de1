"""Whether something would work on another device, found out on the CPU: by following which tensors would have stayed behind on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from medai_sdk.contract.trials.comparing import tensors

_UNSEEN = ("from_numpy", "frombuffer")
"""They make tensors, and torch does not tell modes of them."""
_MOVING = frozenset({"to", "cpu", "cuda", "type_as", "__array_wrap__"})
_FILLING = frozenset({"copy_", "__setitem__"})
"""They take what lies on another device."""
_TO_NUMPY = {"numpy": "numpy()", "__array__": "numpy.asarray"}


class Following(TorchFunctionMode):
    """Follows, through all that torch does, which tensors would lie on a GPU if the model and its batch did, and which on the CPU.

    On the CPU lie the ones that are left behind, whatever is made without a device, and what is computed from these alone; on the GPU
    what is given there, and what is computed from it. Where the two meet, or numpy reads one of the GPU, torch would refuse. A number
    without an axis may be anywhere, and so may a tensor of which nothing is known.

    Attributes:
        met: where that happened first, in words; empty if it did not.
    """

    def __init__(self, left_behind: Mapping[str, Sequence[torch.Tensor]], there: Iterable[torch.Tensor]) -> None:
        super().__init__()
        # The tensors too, so that no other takes the number of one that is gone.
        self._left = {id(each): (each, name) for name, held in left_behind.items() for each in held}
        # Not these: all that a network computes would be kept.
        self._there = WeakTensorKeyDictionary(dict.fromkeys(there, True))
        self.met = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        found, name = func(*args, **kwargs), getattr(func, "__name__", "")
        given = list(tensors([list(args), kwargs]))
        left = [each for each in given if id(each) in self._left]
        there = [each for each in given if each in self._there]
        if name in _TO_NUMPY:
            self._note(f"{_TO_NUMPY[name]} is asked of a tensor that is on the GPU" if there else "")
        elif name in _MOVING or kwargs.get("device") is not None:
            return self._moved(found, name, args, kwargs)
        elif not given:
            self._leave(found, f"what {name} makes without a device")
        elif self._meet(left, there, name, args):
            self._note(f"{name} is given {self._left[id(left[0])][1]}, which is on the CPU")
        if name in _FILLING or name in _TO_NUMPY:
            return found
        if there:
            self._place_there(found)
        elif left and len(left) == len(given):
            self._leave(found, self._left[id(left[0])][1])
        return found

    def leaving(self, name: str) -> Callable[..., torch.Tensor]:
        """A function of torch that makes tensors on the CPU, whose tensors are then followed too."""
        made: Callable[..., torch.Tensor] = getattr(torch, name)

        def make(*args: Any, **kwargs: Any) -> torch.Tensor:
            found = made(*args, **kwargs)
            self._leave(found, f"what {name} makes")
            return found

        return make

    def _meet(self, left: Sequence[torch.Tensor], there: Sequence[torch.Tensor], name: str, args: Any) -> bool:
        """Whether tensors of two devices are given; an index may lie on the CPU."""
        if name in _FILLING or (name == "__getitem__" and id(args[0]) not in self._left):
            return False
        return any(each.ndim for each in left) and any(each.ndim for each in there)

    def _moved(self, found: Any, name: str, args: Any, kwargs: Any) -> Any:
        """What comes of a move, as a tensor of its own: on the CPU, torch gives the same one."""
        if not isinstance(found, torch.Tensor):
            return found
        own = args[0] if args and isinstance(args[0], torch.Tensor) else None
        words = [*args[1 if own is not None else 0 :], *kwargs.values()]
        like = next((each for each in words if isinstance(each, torch.Tensor)), own)
        found = found.view(found.shape) if found.is_contiguous() else found.clone()
        if name in ("cpu", "__array_wrap__") or "cpu" in [each for each in words if isinstance(each, str)]:
            self._leave(found, "what was moved off it")
        elif not any(isinstance(each, torch.device | str) for each in words) and like is not None:
            # Of a device nothing is known: `x.device` is the CPU here too, as it is where `predict` moves its answer there.
            if like in self._there:
                self._place_there(found)
            elif id(like) in self._left:
                self._leave(found, self._left[id(like)][1])
        return found

    def _leave(self, found: Any, name: str) -> None:
        for each in tensors(found):
            if each in self._there:
                del self._there[each]
            self._left[id(each)] = (each, name)

    def _place_there(self, found: Any) -> None:
        for each in tensors(found):
            self._left.pop(id(each), None)
            self._there[each] = True

    def _note(self, met: str) -> None:
        self.met = self.met or met


def mixes(run: Callable[[], Any], left_behind: Mapping[str, Sequence[torch.Tensor]], there: Iterable[torch.Tensor]) -> str:
    """Where `run` would fail on a GPU on which the tensors `there` are, in words; nothing where it would not, or fails otherwise before
    it does."""
    following = Following(left_behind, there)
    with mock.patch.dict(vars(torch), {name: following.leaving(name) for name in _UNSEEN}), following:
        try:
            run()
        except Exception:  # what is wrong with it is for other checks to say
            return following.met
    return following.met
