"""Where tensors of two devices would meet, told on the CPU."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from medai_sdk.contract.watching.devices import left_behind, mixes

KERNEL = torch.ones(3, 3)
IMAGE = torch.rand(3, 3)


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (lambda: IMAGE + KERNEL, "add is given kernel"),
        (lambda: torch.cat([IMAGE, KERNEL * 2]), "cat is given kernel"),
        (lambda: IMAGE * torch.arange(3), "mul is given what arange makes without a device"),
        (lambda: IMAGE.cpu() + IMAGE, "add is given what was moved to the CPU"),
        (lambda: IMAGE + torch.from_numpy(np.ones(3, np.float32)), "add is given what from_numpy makes"),
        (lambda: KERNEL[IMAGE > 2], "__getitem__ is given kernel"),
    ],
)
def test_devices_that_meet_are_found(run: Callable[[], object], told: str) -> None:
    assert mixes(run, {"kernel": [KERNEL]}) == told


@pytest.mark.parametrize(
    "run",
    [
        lambda: IMAGE + KERNEL.to(IMAGE.device),
        lambda: IMAGE + KERNEL.to(IMAGE),
        lambda: IMAGE * torch.arange(3, device=IMAGE.device),
        lambda: IMAGE + torch.tensor(1.0),
        lambda: IMAGE[torch.tensor([0, 2])],
        lambda: IMAGE.cpu() + torch.from_numpy(np.ones((3, 3), np.float32)),
        lambda: torch.zeros_like(IMAGE) + IMAGE.new_ones(3),
        lambda: KERNEL @ KERNEL,
    ],
)
def test_what_would_work_on_a_gpu_passes(run: Callable[[], object]) -> None:
    assert mixes(run, {"kernel": [KERNEL]}) == ""


def test_what_a_module_moves_by_itself_is_not_left_behind() -> None:
    class Moves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own, self.kept = torch.ones(3), torch.ones(3)
            self.layers = [nn.Linear(1, 1)]
            self.register_buffer("held", torch.ones(3))

        def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Moves:
            self.own = fn(self.own)
            return super()._apply(fn, recurse)

    assert set(left_behind(Moves())) == {"kept", "layers.0"}
