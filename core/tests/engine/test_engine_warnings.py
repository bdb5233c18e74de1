"""What data warn of stands among a run's notes, without the names of files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
from enginetoys import Points

from medai.api import run
from medai.io._faults import FilesWarning
from medai.tasks import Case


def test_the_notes_of_a_run_name_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def cases(self: Points) -> Sequence[Case]:
        warnings.warn(FilesWarning("1 file passed over", ["jane-doe.dcm"]), stacklevel=2)
        return self._cases

    monkeypatch.setattr(Points, "cases", cases)
    overrides = {"train.epochs": None, "train.steps": 2}
    with pytest.warns(FilesWarning, match=r"1 file passed over: jane-doe\.dcm"):
        folder = run("enginetoys/denoise", overrides=overrides, out=tmp_path, device="cpu").folder
    text = (folder / "run.json").read_text("utf-8")
    assert "1 file passed over" in json.loads(text)["notes"] and "jane" not in text
