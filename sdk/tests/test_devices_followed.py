"""Where tensors of two devices would meet, told on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from medai_sdk.contract.watching.devices import mixes
from medai_sdk.contract.watching.staying import left_behind

KERNEL = torch.ones(3, 3)
IMAGE = torch.rand(3, 3)
LAYER = nn.Linear(1, 1)


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (lambda: IMAGE + KERNEL, "add is given kernel, which is on the CPU"),
        (lambda: torch.cat([IMAGE, KERNEL * 2]), "cat is given kernel, which is on the CPU"),
        (lambda: IMAGE * torch.arange(3), "mul is given what arange makes without a device, which is on the CPU"),
        (lambda: IMAGE.cpu() + IMAGE, "add is given what was moved off it, which is on the CPU"),
        (lambda: IMAGE + torch.from_numpy(np.ones(3, np.float32)), "add is given what from_numpy makes, which is on the CPU"),
        (lambda: IMAGE + KERNEL.to(torch.float32), "add is given kernel, which is on the CPU"),
        (lambda: IMAGE + torch.ones(3, device="cpu"), "add is given what was moved off it, which is on the CPU"),
        (lambda: IMAGE.relu().numpy(), "numpy() is asked of a tensor that is on the GPU"),
        (lambda: [np.asarray(row) for row in IMAGE], "numpy.asarray is asked of a tensor that is on the GPU"),
        (lambda: KERNEL[IMAGE > 2], "__getitem__ is given kernel, which is on the CPU"),
    ],
)
def test_devices_that_meet_are_found(run: Callable[[], object], told: str) -> None:
    assert mixes(run, {"kernel": [KERNEL]}, [IMAGE]) == told


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
        lambda: [row.numpy() for row in IMAGE.cpu()],
        lambda: np.asarray(IMAGE.detach().to("cpu").sum(0)),
        lambda: IMAGE.to(torch.device("cpu")).clone().numpy(),
        lambda: torch.FloatTensor([1.0]).numpy(),
        lambda: torch.as_tensor(KERNEL, device=IMAGE.device) + IMAGE,
        lambda: IMAGE.max(0).values.tolist(),
    ],
)
def test_what_would_work_on_a_gpu_passes(run: Callable[[], object]) -> None:
    assert mixes(run, {"kernel": [KERNEL]}, [IMAGE]) == ""


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


STEPS = {"first": (torch.ones(2), [torch.ones(1)])}


@dataclass
class Table:
    rows: torch.Tensor


def test_tensors_that_a_class_or_a_file_holds_stay_behind() -> None:
    class Shares(nn.Module):
        grid = torch.ones(3)

        def __init__(self) -> None:
            super().__init__()
            self.pair = (torch.ones(3), {"scale": torch.ones(1)})
            self.table = Table(torch.ones(2))
            self.layer = LAYER

    found = left_behind(Shares(), [Path(__file__)])
    own = {"pair.0", "pair.1.scale", "table.rows", "Shares.grid"}
    assert set(found) == own | {f"{__name__}.{name}" for name in ("KERNEL", "IMAGE", "STEPS.first.0", "STEPS.first.1.0")}
    assert set(left_behind(Shares())) == own


def test_of_a_loss_that_is_no_module_all_stays_behind() -> None:
    class Weighted:
        shared = torch.ones(1)

        def __init__(self) -> None:
            self.own = [torch.ones(1)]

    assert set(left_behind(Weighted())) == {"own.0", "Weighted.shared"}
