"""What the tests of datasets read and write files with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from medai.errors import DataError

Make = Callable[[type], Path]
GREY = np.arange(48).reshape(6, 8)


def read(dataset: Any, place: int = 0, seed: int = 0) -> Any:
    return dataset.read(dataset.cases()[place], np.random.default_rng(seed))


def lost(dataset: Any) -> list[str]:
    """What is said of the cases that cannot be read, which a run leaves out; the others are read."""
    said = []
    for place in range(len(dataset.cases())):
        try:
            read(dataset, place)
        except DataError as error:
            assert error.path is not None and error.path.name not in error.reason
            said.append(str(error))
    return said


def picture(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
