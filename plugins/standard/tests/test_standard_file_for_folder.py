"""A file where a folder is wanted is called a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medai.errors import DataError
from medai_standard.datasets.files import entries_under
from medai_standard.datasets.labelled import LabelledImages
from medai_standard.datasets.masked import MaskedImages


@pytest.mark.parametrize("open_data", [LabelledImages, MaskedImages, lambda path: entries_under(path, "images")])
def test_a_file_is_called_a_file(open_data: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "data"
    with pytest.raises(DataError, match="no such folder"):
        open_data(path)
    path.write_text("x")
    with pytest.raises(DataError, match="is a file, not a folder"):
        open_data(path)
