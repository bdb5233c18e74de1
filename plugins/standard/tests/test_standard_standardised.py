"""Values are learnt with mean 0 and deviation 1, and answered in their own units."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Case, Image, Sample, Value
from medai_standard.losses import MeanSquaredError
from medai_standard.models.standardised import StandardisedValues

VALUES = torch.tensor([[1000.0, 5], [3000, 5], [2000, 5]])


class Network(nn.Module):
    """Answers with its one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, 0.25]))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.weight.expand(len(pixels), -1)


def samples(values: torch.Tensor | None = VALUES) -> list[Sample[Image, Value]]:
    image = Image(torch.zeros(1, 4, 4), "0..1")
    return [Sample(Case(str(row), str(row)), image, None if values is None else Value(values[row])) for row in range(3)]


def feed(found: list[Sample[Image, Value]]) -> Any:
    def given() -> Iterator[Sample[Image, Value]]:
        return iter(found)

    return SimpleNamespace(samples=given)


def test_the_loss_is_between_standardised_values_and_the_answer_is_not() -> None:
    model = StandardisedValues(Network())
    model.prepare(feed(samples()))
    deviation = VALUES[:, 0].std(correction=0)
    torch.testing.assert_close(model(torch.zeros(2, 1, 4, 4)), torch.stack([2000 + 0.5 * deviation, torch.tensor(5.25)]).expand(2, -1))
    loss = model.training_step(Batch.of(samples()), MeanSquaredError(), "all")
    target = (VALUES[:, 0] - 2000) / deviation
    assert loss.item() == pytest.approx((float(((0.5 - target) ** 2).mean()) + 0.25**2) / 2)


def test_the_state_of_several_values_fits_a_fresh_model() -> None:
    model, fresh = StandardisedValues(Network()), StandardisedValues(Network())
    model.prepare(feed(samples()))
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(fresh.mean, torch.tensor([2000.0, 5.0])) and torch.equal(fresh.deviation, model.deviation)
    assert "network.weight" in fresh.state_dict()


def test_what_cannot_be_learnt_is_refused() -> None:
    with pytest.raises(DataError, match="3 of 3 training cases have no values"):
        StandardisedValues(Network()).prepare(feed(samples(None)))
    with pytest.raises(UsageError, match="no loss of their own"):
        StandardisedValues(Network()).training_step(Batch.of(samples()), None, "all")
    with pytest.raises(UsageError, match="a model is wanted"):
        StandardisedValues("standard/timm")  # type: ignore[arg-type]
