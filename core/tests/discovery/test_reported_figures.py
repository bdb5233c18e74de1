"""The file of a table's printed figures."""

from pathlib import Path

import pytest

from medai.api import Reported, read_reported


def file(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_figures_spreads_and_notes(tmp_path: Path) -> None:
    path = file(tmp_path, 'note,row,column,reported,spread\n"odd, very",Net,PSNR,31.5,0.2\n,Net,SSIM,,\n')
    assert read_reported(path) == (
        Reported(row="Net", column="PSNR", value=31.5, spread=0.2, note="odd, very"),
        Reported(row="Net", column="SSIM", value=None),
    )
    assert read_reported(file(tmp_path, "row,column,reported\nNet,PSNR,1\n"))[0].spread is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'column'"),
        ("row,column\n", "no column 'reported'"),
        ("row,column,reported\na,b,1\na,b,x\n", "line 3: 'x' is no number"),
        ("row,column,reported\na,b,nan\n", "line 2: 'nan' is no number"),
        ("row,column,reported\na,b\n", "line 2: 2 values for 3 columns"),
    ],
)
def test_what_is_no_such_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_reported(file(tmp_path, text))
