"""Images per second, and the stages of this plugin's networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import nn

from medai.api import build
from medai.inference import PLAIN
from medai.tasks import Batch, Boxes, Case, Image
from medai_breast.models.network import Found, LesionDetector

STAGES = ["pre-processing-ms", "network-ms", "post-processing-ms"]


class Slow(LesionDetector):
    """A network whose `maps` take longer than the rest; it keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(1, 2, (64, 64), None, PLAIN)
        self.layer = nn.Conv2d(3, 64, 5, padding=2)
        self.asked: list[tuple[int, ...]] = []

    def maps(self, frame: torch.Tensor) -> Any:
        assert not self.training
        self.asked.append(tuple(frame.shape))
        return self.layer(frame).sum(1)

    def decoded(self, maps: Any, shape: torch.Size) -> Sequence[Found]:
        return [Found(torch.tensor([[1.0, 1, 9, 9]]), torch.tensor([1]), torch.tensor([0.5])) for _ in maps]


def batch(count: int = 3, channels: int = 1) -> Batch[Any, Any]:
    return Batch(tuple(Case(str(place), "a") for place in range(count)), Image(torch.rand(count, channels, 96, 128), "0..1"))


def test_one_image_at_a_time_and_where_its_time_goes() -> None:
    network = Slow().train()
    found = build("breast/fps", size=80, device="cpu", repeats=3).measure(network, batch())
    assert list(found) == ["fps", "frame-ms", *STAGES] and all(value > 0 for value in found.values())
    assert found["fps"] == pytest.approx(1000 / found["frame-ms"])
    assert set(network.asked) == {(1, 3, 64, 64)} and network.training
    # The convolution is what takes long.
    assert max(STAGES, key=found.__getitem__) == "network-ms"


def test_where_stages_cannot_be_told_apart_there_is_the_whole_alone() -> None:
    class Other(nn.Module):
        def forward(self, pixels: torch.Tensor) -> list[Boxes]:
            return [Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0)) for _ in pixels]

    found = build("breast/fps", size=None, device="cpu", repeats=2).measure(Other(), batch())
    assert found["fps"] > 0 and all(math.isnan(found[name]) for name in STAGES)


def test_a_device_that_is_not_there_gives_no_figure() -> None:
    found = build("breast/fps", device="mps", repeats=2).measure(Slow(), batch())
    assert all(math.isnan(value) for value in found.values()) != torch.backends.mps.is_available()
