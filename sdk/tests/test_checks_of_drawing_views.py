"""A view that draws over images is judged by what lies beneath, where its images know that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch

from medai.tasks import Image
from medai_sdk.contract.checks.dataset_views import _undrawn
from medai_sdk.stub.landmarks import landmarks, place_of


@dataclass(frozen=True)
class Drawn(Image):
    clean: torch.Tensor | None = None


def test_a_spot_is_looked_for_beneath_what_was_drawn() -> None:
    sample = next(iter(landmarks("restoration")))
    pixels = sample.inputs.pixels.clone()
    row, column = place_of(sample.inputs) or (0, 0)
    pixels[:, int(row) - 12 : int(row) - 4, int(column) - 2 : int(column) + 14] = 1
    knowing = Drawn(pixels, "0..1", sample.inputs.origin, sample.inputs.pixels)
    assert place_of(knowing) != pytest.approx((row, column), abs=1.5)
    assert place_of(_undrawn(knowing)) == pytest.approx((row, column))
    unknowing = replace(knowing, clean=None)
    assert _undrawn(unknowing) is unknowing and _undrawn(sample.inputs) is sample.inputs
