from __future__ import annotations

from pathlib import Path

import pytest

from medai.errors import DataError
from medai.weights import _convert as child
from medai.weights import _legacy as legacy


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversion in this process and without its limits: another process takes seconds to start, and a few tests see to that."""

    def run(source: Path, target: Path, digest: str) -> dict:
        monkeypatch.setattr(child, "_limit", lambda source: None)
        said = child.main(source, target, digest)
        if "refused" in said:
            raise DataError(said["refused"], source)
        return said

    monkeypatch.setattr(legacy, "_in_a_process", run)
