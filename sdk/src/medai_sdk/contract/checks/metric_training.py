"""Checks of a metric of a training."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.measured import MetricSubject, journal_of

_MEND = "name a figure alike whatever was learnt, and give math.nan where it is not defined"


@check("metric.measures-a-training", "`measure` gives figures of a training's journal by name, floats of Python's, of an empty one too")
def measures_a_training(subject: MetricSubject) -> None:
    if subject.of != "training":
        raise NotApplicable("it does not measure trainings")
    names = None
    for steps in (40, 1, 0):
        journal = journal_of(steps)
        given = copy.deepcopy(journal)
        try:
            found = subject.build().measure(given)
        except Exception as error:
            raise Broken(f"of {steps} steps: {type(error).__name__}: {error}", _MEND) from error
        if given != journal:
            raise Broken("the journal is changed", "work on a copy of it")
        if not isinstance(found, Mapping) or not found:
            raise Broken(f"measure gave {found!r}", "give a mapping of names to floats")
        for name, value in found.items():
            if not isinstance(name, str) or not name or not isinstance(value, float):
                raise Broken(f"{name!r} is a {type(value).__name__}", "names are texts and figures float(...), or math.nan")
        if names is not None and set(found) != names:
            raise Broken(f"of {steps} steps the figures are {sorted(found)}, of more {sorted(names)}", _MEND)
        names = set(found)
