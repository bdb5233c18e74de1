"""Stub data of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from standard_files import Make


@pytest.fixture
def stub(tmp_path: Path) -> Make:
    def make(kind: Any) -> Path:
        root = tmp_path / kind.__name__
        root.mkdir()
        kind.write_stub(root, 5, 0)
        return root

    return make
