"""What the kit says of a metric's `draw`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure

from medai.tasks import Boxes, Case, Image, Sample
from medai.tasks.detection import AveragePrecision, Detection
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.checks.metric_drawing import draws_its_parts


def subject(draw: Callable[..., Any] | None) -> Any:
    """As the checks get a metric, beside three images with a box each."""

    class Metric(AveragePrecision):
        pass

    if draw is not None:
        Metric.draw = draw  # type: ignore[attr-defined]
    samples = [
        Sample(Case(str(n), "g"), Image(torch.zeros(1, 32, 32)), Boxes(torch.tensor([[n, 0.0, 20, 20]]), torch.zeros(1, dtype=torch.int64)))
        for n in range(3)
    ]
    task = Detection()
    return SimpleNamespace(build=Metric, of="predictions", samples=samples, task=task, perfect=task.perfect(samples))


def lines(self: Any, parts: Any, options: Any) -> Figure:
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot(range(len(parts)))
    return figure


def test_figures_and_nothing_are_what_is_wanted() -> None:
    draws_its_parts(subject(lines))
    draws_its_parts(subject(lambda self, parts, options: None))
    with pytest.raises(NotApplicable, match="draws nothing"):
        draws_its_parts(subject(None))


def by_pyplot(self: Any, parts: Any, options: Any) -> Figure:
    return pyplot.figure()


def axes(self: Any, parts: Any, options: Any) -> Any:
    return lines(self, parts, options).axes[0]


def needs_two(self: Any, parts: Any, options: Any) -> Figure | None:
    return None if parts[1] else lines(self, parts, options)


def needs_lesions(self: Any, parts: Any, options: Any) -> Figure:
    return lines(self, [1 / sum(int(each.wanted[0]) for part in parts for each in part.values())], options)


def sorts(self: Any, parts: Any, options: Any) -> Figure:
    del parts[0]
    return lines(self, parts, options)


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (by_pyplot, "many cases, draw leaves a figure of pyplot open"),
        (axes, "many cases, draw gave a Axes"),
        (needs_two, "of one case, draw: IndexError"),
        (needs_lesions, "a case with a reference emptied, draw: ZeroDivisionError"),
        (sorts, "after draw, many cases have other figures"),
    ],
)
def test_the_fault_is_told(draw: Callable[..., Any], reason: str) -> None:
    try:
        with pytest.raises(Broken, match=reason):
            draws_its_parts(subject(draw))
    finally:
        pyplot.close("all")
