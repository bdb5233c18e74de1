"""What the networks cost, as the study's Table 8 has it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from medai.api import build
from medai.tasks import Batch, Case, Image


@pytest.fixture
def batch() -> Batch[Any, Any]:
    return Batch((Case("a", "a"),), Image(torch.zeros(1, 1, 32, 32), "HU"))


@pytest.mark.parametrize(("model", "count"), [("redcnn", 1848865), ("edcnn", 80961)])
def test_parameters_are_those_that_the_study_prints(model: str, count: int, batch: Batch[Any, Any]) -> None:
    found = build("ldct/params").measure(build(f"ldct/{model}"), batch)
    assert list(found.items()) == [("params", float(count)), ("params-trainable", float(count))]


def test_operations_are_of_the_sizes_that_are_named(batch: Batch[Any, Any]) -> None:
    assert list(build("ldct/macs").measure(torch.nn.Identity(), batch)) == ["macs-g-512", "macs-g-64"]
    found = build("ldct/macs", sizes=(256, 64)).measure(build("ldct/edcnn"), batch)
    pixel = 9 * 32 + (33 * 32 + 9 * 32 * 32) + 6 * (65 * 32 + 9 * 32 * 32) + (65 * 32 + 9 * 32)
    assert found == {"macs-g-256": 256 * 256 * pixel / 1e9, "macs-g-64": 64 * 64 * pixel / 1e9}
    assert round(found["macs-g-256"], 2) == 5.29
    assert round(build("ldct/macs", sizes=(64,)).measure(build("ldct/redcnn"), batch)["macs-g-64"], 2) == 4.66


def test_times_are_of_slices_on_either_device(batch: Batch[Any, Any]) -> None:
    network = build("ldct/edcnn", filters=4, blocks=2)
    found = build("ldct/cpu-time", size=16, repeats=2).measure(network, batch)
    assert list(found) == ["cpu-ms", "cpu-ms-low", "cpu-ms-high"] and found["cpu-ms"] > 0
    found = build("ldct/gpu-time", size=16, repeats=2).measure(network, batch)
    assert list(found) == ["gpu-ms", "gpu-ms-low", "gpu-ms-high"]
    assert all(math.isnan(value) for value in found.values()) != torch.cuda.is_available()
