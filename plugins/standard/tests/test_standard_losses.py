"""Losses."""

import pytest
import torch

from medai_standard.losses import MeanAbsoluteError, MeanSquaredError


def test_figures() -> None:
    output, target = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 5.0]])
    assert float(MeanSquaredError()(output, target)) == 4.5
    assert float(MeanAbsoluteError()(output, target)) == 1.5


def test_squares_of_hu_do_not_overflow_in_half_precision() -> None:
    output, target = torch.full((4,), 1000.0, dtype=torch.float16), torch.full((4,), -1000.0, dtype=torch.float16)
    assert float(MeanSquaredError()(output, target)) == 4e6


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError()])
def test_shapes_that_would_broadcast_are_refused(loss: torch.nn.Module) -> None:
    with pytest.raises(ValueError, match=r"\(4, 1\).*\(4,\)"):
        loss(torch.zeros(4, 1), torch.zeros(4))
