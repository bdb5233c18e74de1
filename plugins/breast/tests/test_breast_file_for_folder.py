"""A file where a folder is wanted is called a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medai.errors import DataError
from medai_breast.datasets.busi import Busi


@pytest.mark.parametrize("open_data", [Busi])
def test_a_file_is_called_a_file(open_data: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "data"
    with pytest.raises(DataError, match="no such folder"):
        open_data(path)
    path.write_text("x")
    with pytest.raises(DataError, match="is a file, not a folder"):
        open_data(path)
