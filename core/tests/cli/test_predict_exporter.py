"""`medai predict --to`: answers as an exporter writes them, whole or not there, and the case that it cannot write left out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.io import write_image
from medai.tasks import Image, Origin

Predict = Callable[..., Any]


@pytest.fixture
def predict(medai: Any, monkeypatch: pytest.MonkeyPatch) -> Predict:
    """`medai predict RUN INPUTS -o out ...` with a run of two steps and the exporters of exporttoys."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    toys = str(Path(__file__).with_name("exporttoys.py"))
    return lambda *arguments: medai("--plugin", toys, "predict", str(root), *arguments, "-o", "out", "--device", "cpu")


def image(name: str, value: float = 1.0) -> str:
    return str(write_image(Path(name), Image(torch.full((1, 16, 16), value), "HU"), Origin((), np.eye(4), (1.0, 1.0))))


def listed() -> list[dict[str, str]]:
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_exporter_writes_the_answers_and_the_list_says_which(predict: Predict) -> None:
    found = predict(image("a.nii.gz"), image("b.nii.gz"), "--to", "exporttoys/texts")
    assert found.code == 0, found.err
    rows = listed()
    assert [row["input"] for row in rows] == ["a.nii.gz", "b.nii.gz"] and {row["status"] for row in rows} == {"ok"}
    assert [row["file"] for row in rows] == [f"{row['case']}.txt" for row in rows]
    assert found.out.split() == [f"out/{row['file']}" for row in rows]


def test_parameters_come_from_the_command_then_from_the_protocol(predict: Predict) -> None:
    assert predict(image("a.nii.gz"), "--to", "exporttoys/texts", "--set", "words=['x', 'y']").code == 0
    (path,) = Path("out").glob("*.txt")
    assert path.read_text() == "x,y (0.0, 20.0) clitoys/toy"
    assert predict(image("a.nii.gz"), "--to", "exporttoys/texts", "--set", "window=[-5, 5]").code == 0
    assert path.read_text() == " (-5.0, 5.0) clitoys/toy"


def test_an_exporter_of_the_run_s_task_takes_it(predict: Predict) -> None:
    assert predict(image("a.nii.gz"), "--to", "exporttoys/of-images").code == 0 and len(listed()) == 1


def test_a_file_of_all_cases_is_named_for_each(predict: Predict) -> None:
    assert predict(image("a.nii.gz"), image("b.nii.gz"), "--to", "exporttoys/together").code == 0
    assert [row["file"] for row in listed()] == ["all.txt", "all.txt"]


def test_a_file_of_a_series_is_named_for_each_of_its_cases(predict: Predict) -> None:
    assert predict(image("a.nii.gz"), image("b.nii.gz"), "--to", "exporttoys/by-first").code == 0
    assert [row["file"] for row in listed()] == ["i.txt", "i.txt"]


def test_files_by_number_are_in_the_order_of_the_cases(predict: Predict) -> None:
    assert predict(image("a.nii.gz"), image("b.nii.gz"), "--to", "exporttoys/numbered").code == 0
    rows = listed()
    assert [row["file"] for row in rows] == ["9_0.txt", "8_0.txt"]
    assert [Path("out", row["file"]).read_text() for row in rows] == [row["case"] for row in rows]


def test_of_several_files_per_case_by_number_none_is_named(predict: Predict) -> None:
    assert predict(image("a.nii.gz"), image("b.nii.gz"), "--to", "exporttoys/numbered", "--set", "each=2").code == 0
    assert [row["file"] for row in listed()] == ["", ""]


def test_the_case_that_cannot_be_written_is_left_out(predict: Predict) -> None:
    found = predict(image("a.nii.gz"), image("b.nii.gz", 0.0), "--to", "exporttoys/texts")
    assert found.code == 3 and "1 of 2 cases could not be used" in found.err
    good, bad = listed()
    assert (good["status"], good["reason"]) == ("ok", "")
    assert (bad["status"], bad["reason"]) == ("left out", f"case {bad['case']}: is all zero")


def test_what_goes_wrong_leaves_nothing(predict: Predict) -> None:
    given = image("a.nii.gz")
    for arguments, code, words in (
        (("--to", "exporttoys/broken"), 6, "ZeroDivisionError: no more"),
        (("--to", "exporttoys/of-models"), 2, "writes models, not predictions"),
        (("--to", "exporttoys/of-boxes"), 2, "exporttoys/of-boxes writes answers to detection, and the run's task is"),
        (("--to", "exporttoys/text"), 2, "exporttoys/texts"),
        (("--to", "exporttoys/texts", "--set", "word=1"), 2, "did you mean words"),
        (("--to", "exporttoys/texts", "--set", "window=wide"), 2, "window"),
        (("--set", "window=[0,1]"), 2, "name it by --to"),
    ):
        found = predict(given, *arguments)
        assert found.code == code and words in found.err, found.err
        assert not Path("out").exists() and not [path for path in Path().iterdir() if path.name.startswith(".")]
