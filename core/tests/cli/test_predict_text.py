"""`medai predict RUN -`: what is typed or piped is answered, and answers that are text need no folder."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai._engine.apply import evaluate_run
from medai._engine.listener import Listener
from medai._results.folder import RunFolder

Predict = Callable[..., Any]


@pytest.fixture
def predict(command_line: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch) -> Predict:
    """`medai predict RUN ...` with a text on standard input."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    medai = command_line(Path(__file__).with_name("sequencetoys.py"))
    assert medai("run", "sequencetoys/ends", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()

    def of(given: str | bytes, *arguments: str) -> Any:
        typed = io.BytesIO(given if isinstance(given, bytes) else given.encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(typed, encoding="utf-8"))
        return medai("predict", str(root), *arguments, "--device", "cpu")

    return of


def test_a_bare_sequence_is_answered_on_standard_output(predict: Predict) -> None:
    found = predict("gggaaaccc\n", "-")
    assert found.code == 0 and found.out == ">sequence-1\nGGGAAACCC\n(.......)\n"
    assert "1 case on cpu" in found.err
    assert sorted(path.name for path in Path().iterdir()) == ["runs"]


def test_each_line_is_a_sequence_and_fasta_keeps_its_names(predict: Predict) -> None:
    assert predict("GAC\n\n; a comment\nGUAAC", "-", "-o", "-").out == ">sequence-1\nGAC\n(.)\n>sequence-2\nGUAAC\n(...)\n"
    assert predict("\ufeff>one first\nGA\nC\n>two\nGC\n", "-").out == ">one\nGAC\n(.)\n>two\nGC\n()\n"


def test_with_a_folder_the_answers_are_files(predict: Predict) -> None:
    found = predict(">one\nGAC\n", "-", "-o", "out")
    assert found.code == 0 and found.out == "out/one.dbn\n"
    assert Path("out/one.dbn").read_text() == ">one\nGAC\n(.)\n"
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["case"], row["status"], row["file"], row["input"]) for row in csv.DictReader(file)] == [("one", "ok", "one.dbn", "")]


def test_where_a_model_breaks_the_case_is_named_and_what_was_answered_is_listed(predict: Predict) -> None:
    found = predict(">one\nGAC\n>two\nZAC\n>three\nGAC\n", "-", "-o", "out")
    assert found.code == 6
    assert found.err.splitlines()[-2:] == [
        "error: Ends failed on case two: ValueError: Z is not known",
        "  out/predictions.csv has the 1 case answered until then",
    ]
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["case"], row["status"], row["file"]) for row in csv.DictReader(file)] == [("one", "ok", "one.dbn")]


def test_files_are_answered_on_standard_output_too(predict: Predict) -> None:
    Path("some.fa").write_text(">one\nGAC\n")
    assert predict("", "some.fa").out == ">one\nGAC\n(.)\n"


def test_the_sequence_that_is_wrong_is_left_out_and_the_others_are_answered(predict: Predict) -> None:
    found = predict(">one\nGAC\n>two\nGA1C\n>three\n\n>four\nXAAC\n", "-")
    assert found.code == 3 and found.out == ">one\nGAC\n(.)\n"
    assert "standard input: line 4, column 3: '1' in the sequence 'two' is no letter" in found.err
    assert "the sequence 'three' is empty" in found.err
    assert "case four: position 1 pairs with several others" in found.err
    assert "3 of 4 cases could not be used; the messages above say why" in found.err


def test_a_case_that_memory_does_not_suffice_for_costs_no_other(predict: Predict) -> None:
    long = "G" * 50
    found = predict(f"{long}\nGAC\n", "-")
    assert (
        found.code == 3
        and found.out == ">sequence-2\nGAC\n(.)\n"
        and "left out: case sequence-1: 50 letters need 1,000 GiB of memory" in found.err
    )
    assert predict(f"{long}\nGAC\n", "-", "-o", "out").code == 3
    assert 'sequence-1,left out,,,"case sequence-1: 50 letters need 1,000 GiB' in Path("out/predictions.csv").read_text()
    found = predict(f"{long}\n", "-")
    assert found.code == 4 and "error: 50 letters need 1,000 GiB of memory" in found.err


def test_a_case_that_the_model_cannot_use_costs_no_other_and_names_its_file(predict: Predict) -> None:
    found = predict("YAC\nGAC\n", "-", "-o", "out")
    assert found.code == 3 and "left out: extra/y.txt: case sequence-1: line 1: no number" in found.err
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        lost = next(row for row in csv.DictReader(file) if row["status"] == "left out")
    assert (lost["case"], lost["input"], lost["reason"]) == ("sequence-1", "y.txt", "case sequence-1: line 1: no number")
    found = predict("YAC\n", "-")
    assert found.code == 3 and "error: extra/y.txt: line 1: no number" in found.err


def test_what_a_model_says_of_its_answers_is_shown_and_kept(predict: Predict) -> None:
    assert "warning: 2 answers are guesses" in predict("GAC\nGC\n", "-").err
    (root,) = Path("runs").iterdir()
    assert "3 answers are guesses" in json.loads((root / "run.json").read_text())["notes"]
    record = json.loads((root / "run.json").read_text())
    (root / "run.json").write_text(json.dumps(record | {"notes": []}))
    evaluate_run(root, (), RunFolder(Path("again")), "cpu", Listener())
    assert json.loads(Path("again/run.json").read_text())["notes"] == ["3 answers are guesses"]


def test_what_cannot_be_answered_says_why(predict: Predict) -> None:
    wrong: list[tuple[str | bytes, tuple[str, ...], int, str]] = [
        ("", ("-",), 3, "standard input: no sequences"),
        ("12\n", ("-",), 3, "standard input: line 1, column 1: '1' in the sequence 'sequence-1' is no letter"),
        ("GAC\n>a\nGAC\n", ("-",), 3, "line 2: a header line after sequences without one"),
        (">a\nGAC\n>a\nGAC\n", ("-",), 3, "the name 'a' stands twice"),
        (b"\xff\xfe\x00", ("-",), 3, "standard input: not a text in UTF-8"),
        ("GAC\n", ("-", "some.fa"), 2, "stands alone"),
        ("GAC\n", ("-", "--to", "medai/nothing"), 2, "name a folder for them by -o"),
    ]
    for given, arguments, code, words in wrong:
        found = predict(given, *arguments)
        assert found.code == code and words in found.err and found.out == "", found.err


def test_the_dataset_of_the_recipe_reads_text_where_it_knows_how(command_line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    medai = command_line(Path(__file__).with_name("sequencetoys.py"))
    assert medai("run", "sequencetoys/typed", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"GAC GC")))
    assert medai("predict", str(root), "-", "--device", "cpu").out == ">w-GAC\nGAC\n(.)\n>w-GC\nGC\n()\n"


def test_a_task_of_files_takes_no_text_and_gives_none(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    # None of the two waits for input.
    monkeypatch.setattr(sys, "stdin", None)
    found = medai("predict", str(root), "-", "-o", "out", "--device", "cpu")
    assert found.code == 2 and "files, which standard input cannot hold" in found.err and not Path("out").exists()
    found = medai("predict", str(root), "scan.nii.gz", "--device", "cpu")
    assert found.code == 2 and "name a folder for them by -o" in found.err
