"""`medai export`: a model passes the gate, or nothing is written."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

TO = ("--to", "clitoys/written")
# Together in one process, so that the model is trained once.
pytestmark = pytest.mark.xdist_group("export")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one run of this module is kept."""
    return tmp_path_factory.mktemp("made") / "run"


@pytest.fixture
def run(medai: Any, made: Path) -> Path:
    """A finished run, made once and copied for each test."""
    if not made.exists():
        assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
        (root,) = Path("runs").iterdir()
        root.rename(made)
    return Path(shutil.copytree(made, "run"))


def exports(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((root / "run.json").read_text(encoding="utf-8"))["exports"]
    return found


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_good_export_takes_its_place_and_is_remembered(medai: Any, run: Path) -> None:
    found = medai("export", str(run), *TO)
    folder = run / "exports" / "clitoys-written"
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    assert lines[0].split() == ["run", "exported", "change", "allowed"] and lines[1].startswith("rmse ")
    assert lines[-1] == str(folder / "net.json") and max(map(len, lines[:-1])) <= 80
    assert names(folder) == ["gate.json", "net.json", "notes/read.me"] and names(run / "exports") == [
        f"clitoys-written/{name}" for name in names(folder)
    ]
    (kept,) = exports(run)
    assert kept["passed"] and kept["reason"] is None and kept["tolerance"] == 0.001 and kept["folder"] == "exports/clitoys-written"
    (figure,) = kept["figures"]
    assert figure["figure"] == "rmse" and abs(figure["change"]) <= figure["allowed"] == 0.001 * max(figure["run"], 0.1)
    assert 0 <= kept["largest_difference"] < 1e-4 and kept["cases"] == 4
    gate = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
    assert gate["figures"] == kept["figures"]
    assert gate["files"]["net.json"] == hashlib.sha256((folder / "net.json").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("perturbed", "rmse moves from"),
        ("normalisation", "rmse moves from"),
        ("in place", "rmse moves from"),
        ("no file", "it cannot be opened again: Written failed: ValueError: not what it was"),
        ("no predictor", "it cannot be opened again: Written.open gave object"),
        ("two", "Numbers gave 2 predictions for one case"),
        ("no number", "not finite"),
        ("another size", "of another height (fixed in the file: height 8)"),
    ],
)
def test_a_broken_export_is_refused_and_leaves_nothing(medai: Any, run: Path, tmp_path: Path, fault: str, said: str) -> None:
    found = medai("export", str(run), *TO, "-o", "out/model", "--set", f"fault={fault}")
    assert found.code == 6 and said in found.err.splitlines()[-1], found.err
    assert found.err.splitlines()[-1].startswith("error: clitoys/written: the export is refused: ")
    assert names(tmp_path / "out") == []
    (kept,) = exports(run)
    assert not kept["passed"] and said in kept["reason"] and kept["parameters"] == {"fault": fault}
    if "moves" in said:
        assert found.out.splitlines()[1].startswith("rmse") and not kept["figures"][0]["passed"]


def test_what_an_export_does_not_take_is_said_and_kept(medai: Any, run: Path) -> None:
    found = medai("export", str(run), *TO, "--set", "fault=sized")
    assert found.code == 0 and "fixed in the file: height 8" in found.out.splitlines(), found.err
    assert medai("export", str(run), *TO).out.count("fixed") == 0
    assert [kept["limits"] for kept in exports(run)] == [["fixed in the file: height 8"], []]


def test_a_wider_tolerance_lets_an_export_pass(medai: Any, run: Path) -> None:
    assert medai("export", str(run), *TO, "--set", "fault=perturbed", "--tolerance", "50").code == 0
    assert medai("export", str(run), *TO, "--set", "fault=perturbed", "--tolerance", "-1").code == 2
    assert [kept["tolerance"] for kept in exports(run)] == [50]


def test_an_export_again_replaces_and_a_refused_one_keeps_what_stood_there(medai: Any, run: Path) -> None:
    out = Path("kept")
    out.mkdir()
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    assert medai("export", str(run), *TO, "-o", "kept").code == 0
    first = {name: (out / name).read_bytes() for name in names(out)}
    assert set(first) == {"gate.json", "mine.txt", "net.json", "notes/read.me"}
    assert medai("export", str(run), *TO, "-o", "kept", "--set", "fault=perturbed").code == 6
    assert {name: (out / name).read_bytes() for name in names(out)} == first
    assert medai("export", str(run), *TO, "-o", "kept", "--set", "fault=perturbed", "--tolerance", "50").code == 0
    assert (out / "net.json").read_bytes() != first["net.json"] and (out / "mine.txt").read_bytes() == b"mine"
    assert [kept["passed"] for kept in exports(run)] == [True, False, True]
    assert not list(Path().glob(".*kept*"))


def test_a_bad_destination_and_a_full_disk_are_said(medai: Any, run: Path) -> None:
    Path("file").write_text("", encoding="utf-8")
    found = medai("export", str(run), *TO, "-o", "file")
    assert found.code == 2 and "is a file" in found.err
    found = medai("export", str(run), *TO, "-o", "file/below")
    assert found.code == 7 and "cannot be written" in found.err
    found = medai("export", str(run), *TO, "-o", "new", "--set", "fault=disk")
    assert found.code == 7 and "the disk is full" in found.err and not Path("new").exists()
    assert "exports" not in json.loads((run / "run.json").read_text(encoding="utf-8"))
