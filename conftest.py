"""What tests of every distribution share."""

from __future__ import annotations

import functools
import gc
import os
import re
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parent
_GROUP = re.compile(r'xdist_group\("([^"]+)"\)')


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files that name a group are kept together by that name: pytest 9.2 no longer takes the ids by which xdist 3.8 does that."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class ByFile(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group_of(nodeid.partition("::")[0]) or nodeid

    return ByFile(config, log)


@functools.cache
def _group_of(file: str) -> str:
    """The group that a file of tests names; empty where it names none."""
    path = _ROOT / file
    found = _GROUP.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found[1] if found else ""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: of several workers, none is left with a long one when the others have nothing more to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What was imported stays: a tenth of the time would go into searching it for garbage, test after test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the checkout, or that `MEDAI_TEST_DATA` names; the test is skipped where there is none."""
    folder = Path(os.environ.get("MEDAI_TEST_DATA") or Path(__file__).parent.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real data: neither ../shared/data nor MEDAI_TEST_DATA")
    return folder
