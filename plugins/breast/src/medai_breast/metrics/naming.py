"""Classes by name, and what the metrics share that look at one confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from medai.errors import UsageError
from medai.tasks import Boxes


def labels_of(parts: Sequence[Mapping[int, Any]], names: Sequence[str]) -> list[int]:
    """The classes that cases or names have, in order."""
    return sorted({label for part in parts for label in part} | set(range(len(names))))


def name_of(label: int, names: Sequence[str]) -> str:
    """A class by its name, else by its number."""
    return names[label] if label < len(names) else str(label)


def require_fraction(name: str, value: float) -> None:
    """Raises:
    UsageError: the value is not between 0 and 1.
    """
    if not 0 <= value <= 1:
        raise UsageError(f"{name} = {value}: not between 0 and 1")


def sure(found: Boxes, confidence: float) -> Boxes:
    """The boxes of at least this score."""
    assert found.scores is not None
    # In the scores' own precision, in which 0.3 is 0.3 or more.
    kept = found.scores >= found.scores.new_tensor(confidence)
    return Boxes(found.boxes[kept], found.labels[kept], found.scores[kept])


def ratio(part: float, whole: float) -> float:
    """NaN where there is nothing to divide by."""
    return part / whole if whole else math.nan
