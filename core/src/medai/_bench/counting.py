"""Parameters of a module, and what it takes it to answer once: multiply-accumulate operations, and which parameters took part."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Parameters:
    """How many numbers a module holds as parameters, each counted once, and how many of them are trained."""

    all: int
    trainable: int


@dataclass(frozen=True)
class Work:
    """What one answer takes.

    Attributes:
        macs: multiply-accumulate operations of convolutions and matrix products, as torch counts them (two FLOPs each); what is done
            element by element is not in it.
        untouched: parameters that the answer did not touch, such as those of a critic; None where no parameter was seen to take part.
    """

    macs: int
    untouched: int | None


def parameters_of(module: nn.Module) -> Parameters:
    """The parameters of a module."""
    held = list(module.parameters())
    return Parameters(sum(each.numel() for each in held), sum(each.numel() for each in held if each.requires_grad))


def work_of(answer: Callable[[], object], module: nn.Module) -> Work:
    """What `answer`, which asks `module` once, takes. The module is to be in evaluation mode."""
    counter, touched = FlopCounterMode(display=False), _Touched()
    with torch.no_grad(), _countable(module), touched, counter:
        answer()
    return Work(counter.get_total_flops() // 2, _untouched(module, touched.storages))


class _Touched(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own is not annotated
    """Notes the memory of every tensor that an operation is given, so that a view of a parameter counts as the parameter."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.storages: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.storages |= {_storage(each) for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)}
        return func(*args, **(kwargs or {}))


def _untouched(module: nn.Module, storages: set[int]) -> int | None:
    held = list(module.parameters())
    unseen = [each for each in held if _storage(each) not in storages]
    return None if held and len(unseen) == len(held) else sum(each.numel() for each in unseen)


def _storage(tensor: torch.Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):  # sparse tensors and the like have none of their own
        return id(tensor)


@contextmanager
def _countable(module: nn.Module) -> Iterator[None]:
    """Recurrent and attention layers in single operations: torch has no count for the kernels that do all of such a layer at once."""
    fast = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if any(isinstance(each, nn.RNNBase) for each in module.modules()):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it sets other switches too, and speaks of those
                stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
