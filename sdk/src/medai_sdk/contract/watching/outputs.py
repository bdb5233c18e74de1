"""What torch modules give while something runs: the raw output, of which a hard answer shows little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from medai_sdk.contract.trials.comparing import tensors

Outputs = list[torch.Tensor]
"""What modules gave, as floating-point tensors in the order of the calls."""


@contextmanager
def outputs_of_modules() -> Iterator[Outputs]:
    """Gather what the outermost modules give: those that no other module calls."""
    found: Outputs = []
    depth = 0

    def enter(module: nn.Module, given: Any) -> None:
        nonlocal depth
        depth += 1

    def leave(module: nn.Module, given: Any, output: Any) -> None:
        nonlocal depth
        depth -= 1
        if not depth:
            # What is given on may be changed in place.
            found.extend(each.detach().clone() for each in tensors(output) if each.is_floating_point())

    # A call that fails, and is survived, leaves too.
    handles = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave, always_call=True)]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def alike_in_shape(first: Outputs, second: Outputs) -> bool:
    """Whether outputs can be set beside one another: a model may fill a cache at the first call, or need more calls for other cases."""
    return [each.shape for each in first] == [each.shape for each in second]


def by_case(together: Outputs, alone: Sequence[Outputs]) -> list[tuple[Outputs, Outputs]]:
    """Of each case, what was given for it in a batch and what was given for it alone; nothing where the outputs are not along cases."""
    count = len(alone)
    if any(len(each) != len(together) for each in alone):
        return []
    kept = [
        place
        for place, whole in enumerate(together)
        if whole.ndim and all(whole.shape == (count, *each[place].shape[1:]) and each[place].shape[:1] == (1,) for each in alone)
    ]
    return [([together[at][case] for at in kept], [alone[case][at][0] for at in kept]) for case in range(count)] if kept else []
