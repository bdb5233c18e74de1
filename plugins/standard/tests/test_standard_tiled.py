"""A model that trains whole and answers in tiles."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from medai.errors import PluginError, UsageError
from medai_standard.models.input import Input
from medai_standard.models.tiled import Tiled


def network(channels: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, 2, 3, padding=1))


def test_it_answers_as_the_whole_in_evaluation_mode_and_is_the_whole_in_training() -> None:
    inner, seen = network(), []
    inner.register_forward_hook(lambda module, given, found: seen.append(tuple(given[0].shape)))
    model, pixels = Tiled(inner, tile=(16, 24), margin=2, overlap=0.3, batch=2), torch.randn(2, 1, 40, 45)
    whole = model.train()(pixels)
    assert whole.requires_grad and seen == [(2, 1, 40, 45)]
    answer = model.eval()(pixels)
    torch.testing.assert_close(answer, whole.detach(), atol=1e-5, rtol=0)
    assert {shape[2:] for shape in seen[1:]} == {(16, 24)}


def test_flips_are_averaged_within_the_tile() -> None:
    inner, pixels = network(), torch.randn(1, 1, 20, 20)
    answer = Tiled(inner, tile=20, flips=("horizontal", "vertical")).eval()(pixels)
    turned = [inner(pixels.flip(axes)).flip(axes) for axes in ((), (-1,), (-2,), (-1, -2))]
    torch.testing.assert_close(answer, (sum(turned) / 4).detach())


class Taught(nn.Module):
    turns = ("one", "other")

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(1, 1, 1)
        self.prepared: Any = None

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.net(pixels)

    def parameters_for(self, turn: str) -> list[nn.Parameter]:
        return [self.net.weight if turn == "one" else self.net.bias]

    def training_step(self, batch: Any, loss: Any, turn: str) -> torch.Tensor:
        return self.net.weight.sum()

    def prepare(self, train: Any) -> None:
        self.prepared = train


def test_how_it_learns_is_what_the_inner_model_offers() -> None:
    model = Tiled(Taught(), tile=8)
    model.prepare("feed")
    assert model.network.prepared == "feed" and model.turns == ("one", "other")
    assert model.parameters_for("other")[0] is model.network.net.bias and model.training_step(None, None, "one").requires_grad
    plain = Tiled(network(), tile=8)
    assert not any(hasattr(plain, name) for name in ("training_step", "turns", "parameters_for", "prepare", "predict", "fit"))
    assert set(plain.state_dict()) == {f"network.{name}" for name in network().state_dict()}


def test_what_cannot_be_asked_in_tiles_is_refused() -> None:
    with pytest.raises(PluginError, match="Input"):
        Tiled(Input())
    with pytest.raises(UsageError, match="diagonal"):
        Tiled(network(), flips=("diagonal",))
