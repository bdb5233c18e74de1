"""The sequences of some families alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.tasks import Case, Dataset, Sample, View


class OfFamilies(View):
    """Of the source's cases, those of the families that are named.

    Args:
        source: what is read; its cases' groups, or their attribute `family`, are families.
        families: their names; none: all.

    Raises:
        DataError: the source has none of them; names those that it has.
    """

    def __init__(self, source: Dataset[Any, Any], families: tuple[str, ...] = ()) -> None:
        super().__init__(source)
        known = [case for case in source.cases() if not families or _family(case) in families]
        if not known:
            there = sorted({_family(case) for case in source.cases()})
            raise DataError(f"there is no sequence of {' or '.join(families)}, but of {', '.join(there[:8])}")
        self._cases = tuple(known)
        self.families = families

    @property
    def facts(self) -> Mapping[str, object]:
        """As the source says, and which families are tested."""
        return {**super().facts, "tested.families": list(self.families) or "all"}

    def cases(self) -> Sequence[Case]:
        """Those of the families, in the source's order."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The source's sample."""
        return self.source.read(case, rng)


def _family(case: Case) -> str:
    return str(case.attributes.get("family") or case.group)
