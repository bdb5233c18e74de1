"""Where a dataset wants a folder, a file in its place is called a file."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from medai._discovery import load_target, registry
from medai._engine.construct import construct
from medai.errors import DataError
from medai.io import require_folder

MAY_BE_FILES = {"ldct/ct", "ldct/simulated-ct", "standard/table", "standard/table-of-values"}
"""A volume, a table. Of `rna` every dataset may be one."""


def wanting_folders() -> list[str]:
    """Ids of datasets."""
    found = [entry for entry in registry().entries("dataset") if "root" in inspect.signature(load_target(entry)).parameters]  # type: ignore[arg-type]
    return [entry.id for entry in found if entry.plugin.name != "rna" and entry.id not in MAY_BE_FILES]


@pytest.mark.parametrize("name", wanting_folders())
def test_a_file_is_called_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    with pytest.raises(DataError, match="no such folder"):
        construct(name, {"root": path}, kind="dataset")
    path.write_text("x")
    with pytest.raises(DataError, match="is a file, not a folder"):
        construct(name, {"root": path}, kind="dataset")


def test_the_error_says_what_the_folder_should_hold(tmp_path: Path) -> None:
    assert require_folder(str(tmp_path)) == tmp_path
    with pytest.raises(DataError, match="no such folder of icons"):
        require_folder(tmp_path / "gone", "folder of icons")
