"""File names for cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile


class Names:
    """A name for each case, from its id, which may hold any character; ids that become alike are told apart by their place."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, case_id: str) -> str:
        """The name of the next case: letters, digits, hyphen and underscore."""
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", case_id).strip("-") or "case"
        name = name if name not in self._taken else f"{name}-{len(self._taken)}"
        self._taken.add(name)
        return name

    def of_all(self, case_ids: Sequence[str]) -> str:
        """A name for what holds several cases, or one: what their ids begin with, such as patient and series."""
        pieces = zip(*(case_id.split("-") for case_id in case_ids), strict=False)
        return self.of("-".join(alike[0] for alike in takewhile(lambda piece: len(set(piece)) == 1, pieces)) or "series")
