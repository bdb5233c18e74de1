"""What `medai predict` leaves behind where no case, or not every file, can be used."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai._engine.evaluate import answer
from medai.errors import DataError
from medai.io import write_image
from medai.tasks import Image, Origin


@pytest.fixture
def trained(medai: Any) -> str:
    assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    return str(root)


def rows() -> list[tuple[str, str, str]]:
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        return [(row["input"], row["status"], row["reason"]) for row in csv.DictReader(file)]


def test_where_no_case_can_be_used_the_reasons_are_written(medai: Any, trained: str) -> None:
    Path("in").mkdir()
    for name in ("a.png", "b.dcm"):
        Path("in", name).touch()
    Path("in/notes.txt").write_text("x")
    found = medai("predict", trained, "in", "-o", "out", "--device", "cpu")
    assert found.code == 3 and "none of 2 cases for input can be used" in found.err
    assert "out/predictions.csv says why of each case" in found.err
    assert "warning: 1 file not taken, as no image that can be read: notes.txt" in found.err.splitlines()
    assert rows() == [("a.png", "left out", "is an empty file"), ("b.dcm", "left out", "is an empty file")]


def test_the_only_case_that_cannot_be_answered_is_written_too(medai: Any, trained: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any) -> Any:
        answer(*arguments)
        raise DataError("too odd")

    monkeypatch.setattr("medai._engine.evaluate.answer", refused)
    write_image(Path("a.nii.gz"), Image(torch.ones(1, 16, 16), "HU", Origin((), np.eye(4), (1.0, 1.0))))
    found = medai("predict", trained, "a.nii.gz", "-o", "out", "--device", "cpu")
    assert found.code == 3 and "error: too odd" in found.err
    assert [(status, reason.split(": ")[1]) for _, status, reason in rows()] == [("left out", "too odd")]
