"""`medai predict` on input of the method's unit, of another, and of none."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.io import read_image, write_image
from medai.tasks import Image, Origin


@pytest.fixture
def trained(medai: Any) -> str:
    assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    return str(root)


def image(name: str, unit: str) -> str:
    pixels = torch.from_numpy(np.arange(256, dtype=np.float32).reshape(1, 16, 16))
    return str(write_image(Path(name), Image(pixels, unit), Origin((), np.eye(4), (1.0, 1.0))))


def test_input_of_another_unit_is_refused_by_both_names(medai: Any, trained: str) -> None:
    found = medai("predict", trained, image("fraction.nii.gz", "0..1"), "-o", "out", "--device", "cpu")
    assert found.code == 3
    assert "fraction.nii.gz: its values are in 0..1, the method works in HU" in found.err


def test_input_without_a_unit_is_taken_as_the_protocols(medai: Any, trained: str) -> None:
    found = medai("predict", trained, image("plain.nii.gz", ""), image("given.nii.gz", "HU"), "-o", "out", "--device", "cpu")
    assert found.code == 0, found.err
    first, second = (read_image(Path(line)) for line in found.out.split())
    assert (first.unit, second.unit) == ("HU", "HU")
    assert torch.equal(first.pixels, second.pixels)


def test_of_several_the_one_of_another_unit_is_left_out(medai: Any, trained: str) -> None:
    found = medai("predict", trained, image("plain.nii.gz", ""), image("fraction.nii.gz", "0..1"), "-o", "out", "--device", "cpu")
    assert found.code == 3 and "1 of 2 cases could not be used" in found.err
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        statuses = [(row["status"], row["reason"]) for row in csv.DictReader(file)]
    assert statuses == [("ok", ""), ("left out", "its values are in 0..1, the method works in HU")]
