"""Which file of answers holds which case, told by its name."""

from __future__ import annotations

from pathlib import Path

from medai._engine.predict import _Listing


def found(files: list[str], **inputs: str) -> list[str]:
    listing = _Listing(())
    listing.rows = [{"case": case, "status": "ok", "file": "", "input": name} for case, name in inputs.items()]
    listing.find_files([Path(file) for file in files])
    return [row["file"] for row in listing.rows]


def test_a_file_bears_the_name_of_its_input() -> None:
    files = ["labels/left.txt", "labels/b (1).txt", "labels/scan.txt", "classes.txt"]
    assert found(files, i1="in/left.png", i2="b (1).png", i3="scan.nii.gz") == files[:3]


def test_a_case_s_own_name_comes_before_its_input_s() -> None:
    assert found(["i2.txt", "i1.txt", "x.txt"], i1="i2.png", i2="x.png") == ["i1.txt", "i2.txt"]


def test_a_name_that_two_inputs_share_tells_nothing() -> None:
    assert found(["labels/same.txt", "labels/other.txt", "classes.txt"], i1="a/same.png", i2="b/same.png", i3="other.png") == [
        "",
        "",
        "labels/other.txt",
    ]


def test_of_two_files_with_the_input_s_name_the_first_is_told() -> None:
    assert found(["clean/i.png", "clean/b.png", "mask/i.png", "mask/b.png"], **{"i-1": "i.png", "i-2": "b.png"}) == [
        "clean/i.png",
        "clean/b.png",
    ]
