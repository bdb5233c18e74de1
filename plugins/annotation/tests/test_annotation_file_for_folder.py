"""A file where a folder is wanted is called a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medai.errors import DataError
from medai_annotation.datasets.busi_clean import BusiClean
from medai_annotation.datasets.clean_images import CleanImages
from medai_annotation.datasets.real_pairs import RealPairs
from medai_annotation.synthesis.icon_folder import read_icons


@pytest.mark.parametrize("open_data", [BusiClean, CleanImages, RealPairs, read_icons])
def test_a_file_is_called_a_file(open_data: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "data"
    with pytest.raises(DataError, match="no such folder"):
        open_data(path)
    path.write_text("x")
    with pytest.raises(DataError, match="is a file, not a folder"):
        open_data(path)
