"""The classes that labels name: their order, and what looks like a slip among them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

_FEWEST = 3
"""Cases that a class should have: one for each part of a split."""
_SHOWN = 5


def warn_of_rare(labels: Iterable[str], path: Path) -> None:
    """Warn of classes with hardly a case, each beside the class whose name is nearest: a label that is misspelt is a class of its own."""
    counts = Counter(labels)
    rare = sorted(label for label, count in counts.items() if count < _FEWEST)
    if not rare or len(counts) < 2:
        return
    said = []
    for label in rare[:_SHOWN]:
        (nearest,) = get_close_matches(label, [other for other in counts if other != label], n=1, cutoff=0.0)
        said.append(f"{label!r} ({counts[label]}; the nearest other name is {nearest!r})")
    more = f" and {len(rare) - _SHOWN} more" if len(rare) > _SHOWN else ""
    warnings.warn(f"{path.name}: fewer than {_FEWEST} cases of the class {', '.join(said)}{more}: is it meant?", stacklevel=2)
