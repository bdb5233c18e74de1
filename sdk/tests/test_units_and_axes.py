"""Images on another scale than their unit's are caught, and what takes volumes alone is not refused for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from medai_sdk import Report, check_plugin
from medai_sdk.contract.check import Broken
from medai_sdk.contract.checks.model_learning import hold_to_scale

LIGHT = """
from medai.api import DatasetSpec, hookimpl


@hookimpl
def medai_datasets():
    return [
        DatasetSpec(name=name, target=f"medai_views.views:{name.title()}", summary="A view.", task="restoration", inputs=("image",))
        for name in ("middle", "scaled", "halves")
    ]
"""

VIEWS = '''
import dataclasses

from medai.tasks import Image, View


class Changed(View):
    def read(self, case, rng):
        sample = self.source.read(case, rng)
        return dataclasses.replace(sample, inputs=self.of(sample.inputs), reference=self.of(sample.reference))


class Middle(Changed):
    """The middle plane of a volume; of a plane it knows nothing."""

    def of(self, image):
        channels, planes, rows, columns = image.pixels.shape
        return Image(image.pixels[:, planes // 2].clone(), image.unit)


class Scaled(Changed):
    """From 0 to 1, and still called HU."""

    def of(self, image):
        return Image((image.pixels + 1000) / 2000, image.unit, image.origin)


class Halves(Changed):
    """Fails over some planes, for its own fault, and over no volume."""

    def of(self, image):
        if image.unit == "HU":
            raise IndexError("no such row")
        return Image(image.pixels, image.unit, image.origin)
'''


@pytest.fixture
def report(distribution: Callable[..., Path]) -> Report:
    distribution("medai-views", LIGHT, {"medai_views/views.py": VIEWS})
    return check_plugin("views", only=["dataset.can-be-opened", "dataset.images-have-a-unit"])


def test_views(report: Report) -> None:
    failed = {(each.subject, each.check): each.reason for each in report.outcomes if each.status == "failed"}
    assert set(failed) == {("views/scaled", "dataset.images-have-a-unit"), ("views/halves", "dataset.can-be-opened")}
    assert "is in HU and has values from 0 to " in failed["views/scaled", "dataset.images-have-a-unit"]
    assert "in HU: IndexError: no such row, in of (views.py, line " in failed["views/halves", "dataset.can-be-opened"]


def test_predictions_that_were_never_scaled_back_are_caught_though_they_follow_nothing() -> None:
    draw = torch.Generator().manual_seed(0)
    references = 400 * torch.randn(2000, generator=draw, dtype=torch.float64) - 300
    with pytest.raises(Broken, match="predictions have the mean 0"):
        hold_to_scale(torch.rand(2000, generator=draw, dtype=torch.float64), references, 400.0)
    hold_to_scale(references + 500 * torch.rand(2000, generator=draw, dtype=torch.float64), references, 400.0)
