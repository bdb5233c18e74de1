"""The check of a metric that draws."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.measured import MetricSubject, parts_of
from medai_sdk.contract.trials.comparing import copied, difference
from medai_sdk.contract.trials.spoiling import degenerate, worse_answers

_DOTS = 50
"""Per inch: enough to see whether a picture can be made."""


@check(
    "metric.draws-its-parts",
    "`draw`, where a metric has it, gives a figure of matplotlib or None for many cases, one, and empty ones, and leaves their parts alone",
    level="advice",
)
def draws_its_parts(subject: MetricSubject) -> None:
    if subject.of != "predictions" or not hasattr(subject.build(), "draw"):
        raise NotApplicable("it draws nothing")
    metric, samples = subject.build(), subject.samples
    answers = next((found for _, found in worse_answers(subject.task, samples, subject.perfect)), subject.perfect)
    parts = parts_of(metric, samples, answers)
    cases = {"many cases": parts, "one case": parts[:1]}
    for word, empty in degenerate(subject.task, samples[0]):
        cases[f"a case with a reference {word}"] = parts_of(metric, [empty], subject.task.perfect([empty]))
    for word, some in cases.items():
        wanted = dict(metric.total(copied(some)))
        _require_figure(metric, some, word)
        if difference(wanted, dict(metric.total(some))) > 0:
            raise Broken(f"after draw, {word} have other figures", "do not change parts in draw")


def _require_figure(metric: Any, parts: Sequence[Any], word: str) -> None:
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    open_before = pyplot.get_fignums()
    try:
        figure = metric.draw(parts, {})
        if isinstance(figure, Figure):
            figure.savefig(io.BytesIO(), dpi=_DOTS)
    except Exception as error:
        raise Broken(f"of {word}, draw: {type(error).__name__}: {error}", "give None where there is nothing to draw") from error
    if pyplot.get_fignums() != open_before:
        raise Broken(f"of {word}, draw leaves a figure of pyplot open, which stays in memory", "make a matplotlib.figure.Figure")
    if figure is not None and not isinstance(figure, Figure):
        raise Broken(f"of {word}, draw gave a {type(figure).__name__}", "return a matplotlib.figure.Figure, or None")
