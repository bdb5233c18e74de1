"""How much memory a network takes for one tile, found by running it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from medai.errors import MemoryFault

SCRATCH = 1.5
"""What convolutions lay out anew and throw away is not seen as tensors: half as much again is allowed for it."""


def measured(network: Callable[[Tensor], Tensor], tile: Tensor) -> tuple[Tensor, int]:
    """A network's answer, and the bytes of tensors that were alive at once while it was found, the tile and the answer among them."""
    counter = _Alive()
    with counter:
        answer = network(tile)
    return answer, counter.most + tile.untyped_storage().nbytes()


def affordable(gigabytes: float, held: int, each: int) -> int:
    """For how many tiles there is memory at once.

    Raises:
        MemoryFault: for none.
    """
    found = int((gigabytes * 1e9 - held) // max(each * SCRATCH, 1))
    if found < 1:
        needed = (held + each * SCRATCH) / 1e9
        raise MemoryFault(f"tiled inference in {gigabytes:g} GB: the answer and one tile need {needed:.3g} GB; take smaller tiles")
    return found


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the storages that operations make, and takes off those that are freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = self._now = 0
        self._seen: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {tensor.untyped_storage()._cdata for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)}
        found = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(found):
            # A view, or what was written in place, is nothing new.
            if isinstance(tensor, Tensor) and (storage := tensor.untyped_storage())._cdata not in given:
                self._count(storage)
        self.most = max(self.most, self._now)
        return found

    def _count(self, storage: torch.UntypedStorage) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place in self._seen:
            return

        def freed(_: object) -> None:
            self._now -= size
            del self._seen[place]

        self._now += size
        self._seen[place] = weakref.ref(storage, freed)
