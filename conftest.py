"""What tests of every distribution share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: of several workers, none is left with a long one when the others have nothing more to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the checkout, or that `MEDAI_TEST_DATA` names; the test is skipped where there is none."""
    folder = Path(os.environ.get("MEDAI_TEST_DATA") or Path(__file__).parent.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real data: neither ../shared/data nor MEDAI_TEST_DATA")
    return folder
