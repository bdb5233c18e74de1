"""An image that knows what was drawn on it: kept by stacks, devices and views that move it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from medai.api import build
from medai.tasks import Case, Image, Sample
from medai_annotation.annotated import Annotated


def image(seed: int = 0, side: int = 48) -> Annotated:
    clean = torch.rand(3, side, side, generator=torch.Generator().manual_seed(seed))
    marks = torch.zeros(side, side, dtype=torch.int64)
    marks[5:20, 8:30] = 2
    return Annotated(torch.where(marks > 0, torch.ones(()), clean), "0..1", None, clean, marks)


class One:
    def cases(self) -> Sequence[Case]:
        return [Case("a", "a")]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return Sample(case, image(), Image(image().clean, "0..1"))


def test_views_that_move_the_image_move_what_it_knows() -> None:
    for view, options in (("standard/patches", {"size": 32, "per_case": 1}), ("standard/flips", {}), ("standard/crops", {})):
        made = build(view, source=One(), **options)
        for number in range(4):
            sample = made.read(made.cases()[0], np.random.default_rng(number))
            held = sample.inputs
            assert isinstance(held, Annotated) and held.clean is not None and held.marks is not None
            assert held.clean.shape == held.pixels.shape and held.marks.shape == held.pixels.shape[1:]
            assert torch.equal(held.clean, sample.reference.pixels)
            drawn = held.marks > 0
            assert drawn.any() and torch.equal(held.pixels[:, drawn], torch.ones(3, int(drawn.sum())))
            assert torch.equal(held.pixels[:, ~drawn], held.clean[:, ~drawn])


def test_a_stack_knows_what_all_of_its_images_know() -> None:
    stacked = Annotated.stack([image(0), image(1)]).to("cpu")
    assert stacked.pixels.shape == (2, 3, 48, 48) and stacked.marks is not None and stacked.marks.shape == (2, 48, 48)
    assert stacked.clean is not None and torch.equal(stacked.clean[1], image(1).clean)
    mixed = Annotated.stack([image(0), Annotated(image(1).pixels, "0..1")])
    assert mixed.marks is None and mixed.clean is None and mixed.pixels.shape == (2, 3, 48, 48)
