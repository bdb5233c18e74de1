"""The study's protocol and the one that does not leak, on a folder in which images are there twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from medai._engine.configure import Request, configure
from medai._engine.data import open_slots, stored_roles
from medai._engine.described import protocol_hash
from medai._engine.split_notes import notes_on
from medai._results.folder import RunFolder
from medai.api import Protocol, Recipe, Slot, Train, use
from medai.tasks.detection import Detection
from medai_breast.datasets.busi import Busi
from medai_breast.protocols import PROTOCOLS, SPLIT_HONEST, SPLIT_PAPER

pytestmark = pytest.mark.filterwarnings("ignore:BUSI")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 images of each class in turn; malignant (1) is a copy of benign (1), benign (12) of benign (2)."""
    root = tmp_path_factory.mktemp("data")
    Busi.write_stub(root, n=30, seed=0)
    home = root / "Dataset_BUSI_with_GT"
    for source, target in (("benign (1)", "malignant (1)"), ("benign (2)", "benign (12)"), ("benign (2)", "benign (13)")):
        for tail in ("", "_mask"):
            picture = Picture.open(home / "benign" / f"{source}{tail}.png")
            picture.save(home / target.split()[0] / f"{target}{tail}.png")
    return root


def recipe() -> Recipe:
    return Recipe(
        name="any",
        task="detection",
        model=use("standard/faster-rcnn"),
        data={"us": Slot(folder=use("breast/busi"))},
        train=Train(steps=1),
        protocol=Protocol(split=SPLIT_HONEST),
        protocols=PROTOCOLS,
    )


def planned(folder: Path, protocol: str, tmp_path: Path) -> dict[str, Any]:
    """The parts that a run would have."""
    configuration = configure(Request(recipe(), (f"us={folder}",), protocol=protocol))
    slots = open_slots(configuration.recipe, {})
    roles = stored_roles(RunFolder(tmp_path / protocol), slots, configuration.recipe, {})
    members = [member for slot in slots for member in slot.members()]
    return {"roles": roles, "notes": list(notes_on(members, roles, configuration.recipe.protocol.split)), "cases": slots[0].cases}


def test_the_names() -> None:
    assert set(PROTOCOLS) == {"paper", "paper-with-normal", "honest", "honest-with-normal"}
    hashes = {name: protocol_hash(Protocol(split=held["split"]), Detection()) for name, held in PROTOCOLS.items()}  # type: ignore[arg-type]
    assert len(set(hashes.values())) == 4
    assert SPLIT_PAPER.by == "case" and SPLIT_HONEST.by == "group" and SPLIT_PAPER.valid == SPLIT_PAPER.test == 0.1


@pytest.mark.parametrize(
    ("protocol", "left_out", "leaks"),
    [("paper", 10, True), ("paper-with-normal", 0, True), ("honest", 12, False), ("honest-with-normal", 2, False)],
)
def test_what_each_leaves_out_and_keeps_together(folder: Path, tmp_path: Path, protocol: str, left_out: int, leaks: bool) -> None:
    found = planned(folder, protocol, tmp_path)
    parts = list(found["roles"].values())
    assert parts.count("left out") == left_out and len(parts) == 32
    tenth = (32 - left_out) / 10
    assert all(abs(parts.count(role) - tenth) <= 2 for role in ("valid", "test"))
    together = {found["roles"][f"us:busi-benign-{number}"] for number in (2, 12, 13)}
    assert leaks or len(together) == 1
    gone = {key.removeprefix("us:") for key, role in found["roles"].items() if role == "left out"}
    assert ({"busi-benign-1", "busi-malignant-1"} <= gone) == protocol.startswith("honest")
    assert any("split by case" in note for note in found["notes"]) == leaks


def test_what_is_left_out_is_counted_by_its_reason(folder: Path, tmp_path: Path) -> None:
    (note,) = planned(folder, "honest", tmp_path)["notes"]
    assert note == "left out of every part, as the protocol says: 12 of 32 cases (10 class=normal and 2 cross-class)"
