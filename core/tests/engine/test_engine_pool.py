"""Cases of several slots as one dataset."""

from __future__ import annotations

import dataclasses

import numpy as np
from enginetoys import Points

from medai._engine.data import Pool, SlotData
from medai.api import use
from medai.tasks import Case


class Halved(Points):
    """Each case in two."""

    def cases(self) -> list[Case]:
        return [dataclasses.replace(case, id=f"{case.id}#{part}", whole=case.id) for case in super().cases() for part in (0, 1)]


def slot(name: str, dataset: Points) -> SlotData:
    return SlotData(name, use("enginetoys/points"), True, dataset, tuple(dataset.cases()), ("train",), dataset)


def test_cases_of_one_name_in_two_slots_are_two_cases_whole_or_in_parts() -> None:
    slots = [slot("a", Halved(count=2)), slot("b", Points(count=2))]
    chosen = [(item, case) for item in slots for case in item.cases]
    found = [(case.id, case.whole) for case in Pool(chosen, many=True).cases()]
    parts = [("a:c0#0", "a:c0"), ("a:c0#1", "a:c0"), ("a:c1#0", "a:c1"), ("a:c1#1", "a:c1")]
    assert found == [*parts, ("b:c0", ""), ("b:c1", "")]


def test_of_one_slot_they_keep_their_names() -> None:
    one = slot("b", Points(count=2))
    pool = Pool([(one, case) for case in one.cases], many=False)
    assert pool.cases() == one.cases
    assert pool.read(one.cases[1], np.random.default_rng(0)).case == one.cases[1]
