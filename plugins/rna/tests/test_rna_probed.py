"""Structures directed by SHAPE reactivities of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from medai.errors import DataError
from medai.tasks import Batch, Case, Sample
from medai.tasks import Sequence as Letters
from medai_rna.models.probed import ShapeDirected
from medai_rna.models.turner import Turner

LETTERS = "GGGGAAAACCCCAAAAGGGG"
"""Its middle pairs with either end."""


def batch_of(*ids: str) -> Batch:
    return Batch.of([Sample(Case(id, id), Letters(LETTERS), None) for id in ids])


def shape(folder: Path, id: str, reactive: range) -> None:
    lines = [f"{place + 1} {2.0 if place in reactive else 0.0}" for place in range(len(LETTERS))]
    (folder / f"{id}.shape").write_text("\n".join(lines) + "\n")


def test_what_reacts_does_not_pair(tmp_path: Path) -> None:
    shape(tmp_path, "left", range(4))
    shape(tmp_path, "right", range(16, 20))
    model = ShapeDirected(reactivities=tmp_path)
    left, right, unprobed = (each.to_brackets() for each in model.predict(batch_of("left", "right", "other")))
    assert left == "........((((....))))"
    assert right == "((((....))))........"
    assert unprobed == Turner().predict(batch_of("other"))[0].to_brackets()


def test_a_bad_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.shape").write_text("1 0.5\n99 0.5\n")
    with pytest.raises(DataError, match=r"line 2: column 1: '99' is no position of a sequence of 20") as caught:
        ShapeDirected(reactivities=tmp_path).predict(batch_of("bad"))
    assert "bad.shape" in str(caught.value)
    with pytest.raises(DataError, match="no such folder of reactivities"):
        ShapeDirected(reactivities=tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file, not a folder of reactivities"):
        ShapeDirected(reactivities=tmp_path / "bad.shape")


def test_how_many_have_no_reactivities_is_said(tmp_path: Path) -> None:
    shape(tmp_path, "left", range(4))
    model = ShapeDirected(reactivities=tmp_path)
    assert model.notes() == []
    model.predict(batch_of("left"))
    assert model.notes() == []
    model.predict(batch_of("one", "two", "one"))
    (said,) = model.notes()
    assert said.startswith("2 of 3 sequences have no reactivities") and f"no one.shape in {tmp_path.name}" in said
    model = ShapeDirected()
    model.predict(batch_of("one"))
    assert model.notes() == [
        "1 of 1 sequences have no reactivities and are folded by their energies alone: model.reactivities names no folder"
    ]


def test_an_id_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shape(tmp_path, "left", range(4))
    assert ShapeDirected(reactivities=folder).predict(batch_of("../left")) == Turner().predict(batch_of("../left"))
