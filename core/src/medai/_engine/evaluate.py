"""The one evaluation path: predictions of any predictor, a metric's statistics per case, figures with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from medai._discovery import load_target, registry
from medai._engine.blame import blamed, name_of
from medai._engine.construct import construct, signature_of
from medai._engine.feed import CaseFeed
from medai._results.bootstrap import Interval, intervals
from medai._results.folder import RunFolder
from medai._words import counted
from medai.api import Protocol, Use
from medai.errors import DataError, MemoryFault, PluginError, UsageError
from medai.tasks import Batch, Case, Metric, Predictor, Sample, Task

Answer = tuple[Sample[Any, Any], Any]
Settled = Sequence[Mapping[str, Any]]
"""Of each metric of a protocol, in its order: its id (`metric`), and which of its `parameters` were chosen on the validation part."""


@dataclass(frozen=True)
class Figure:
    """One figure of a table: its value, its interval, which way is good, and over how many cases it is defined."""

    value: float
    interval: Interval
    better: str

    def as_record(self) -> dict[str, Any]:
        """The figure as `summary.json` holds it."""
        return {
            "value": self.value,
            "low": self.interval.low,
            "high": self.interval.high,
            "interval": self.interval.said,
            "better": self.better,
        }


@dataclass
class Evaluation:
    """What a predictor reached on a part.

    Attributes:
        cases: the cases used, in order.
        rows: the figures of each case alone, in the same order.
        figures: the figures of all together.
        parts: of each metric, what each case adds.
        total: cases that the part has, used or not.
    """

    cases: list[Case] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    parts: Sequence[list[Any]] = ()
    total: int = 0


def build_metrics(protocol: Protocol, task: Task[Any, Any, Any], settled: Settled = ()) -> list[Metric[Any]]:
    """The protocol's metrics, or the task's own; one that names classes and was told none has those of the protocol's options. Where a run
    has chosen parameters of theirs, with those.

    Raises:
        UsageError: one of them measures models, not predictions.
    """
    uses = uses_of_predictions(protocol, task)
    chosen = [item["parameters"] for item in settled] or [{}] * len(uses)
    return [
        construct(use.id, {**_names_of_classes(use, protocol), **use.params, **parameters}, kind="metric")
        for use, parameters in zip(uses, chosen, strict=True)
    ]


def uses_of_predictions(protocol: Protocol, task: Task[Any, Any, Any]) -> list[Use]:
    """The protocol's metrics that measure predictions, or the task's own.

    Raises:
        UsageError: one of them measures models.
    """
    found = []
    for use in protocol.metrics or task.metrics:
        entry = registry().find("metric", use.id)
        of = getattr(entry.spec, "of", "predictions")
        if of == "model":
            raise UsageError(
                f"metric {entry.id} measures models, not predictions: a cell of a table names it (medai reproduce); see medai bench"
            )
        if of == "predictions":
            found.append(use)
    return found


def training_figures(protocol: Protocol, folder: RunFolder) -> dict[str, Figure]:
    """What the protocol's metrics of the training say of a run.

    Raises:
        PluginError: one of them fails.
    """
    uses = [use for use in protocol.metrics if getattr(registry().find("metric", use.id).spec, "of", "") == "training"]
    journal = folder.read_journal() if uses else []
    figures: dict[str, Figure] = {}
    for use in uses:
        metric = construct(use.id, use.params, kind="metric")
        with blamed(f"metric {use.id}"):
            found = metric.measure(journal)
        figures |= {name: Figure(float(value), Interval(None, None, "one training"), metric.better) for name, value in found.items()}
    return figures


def _names_of_classes(use: Use, protocol: Protocol) -> Mapping[str, object]:
    names = protocol.options.get("classes")
    takes = "classes" in signature_of(load_target(registry().find("metric", use.id)))
    return {"classes": names} if takes and isinstance(names, list | tuple) else {}


def answers(predictor: Predictor[Any], feed: CaseFeed, task: Task[Any, Any, Any]) -> Iterator[Answer]:
    """Each case of the feed with the prediction for it, one case at a time: a case's prediction never depends on its neighbours.

    A case that the predictor cannot use, or says it has too little memory for, is left out; the others, which may be smaller, are answered.

    Raises:
        PluginError: the predictor fails, gives another number of predictions, or one that breaks the task's conventions.
        DataError, MemoryFault: more were left out than the feed allows.
    """
    for sample in feed.samples():
        try:
            given = answer(predictor, sample, task)
        except (DataError, MemoryFault) as error:
            feed.leave_out(sample.case, error)
            continue
        yield sample, given


def answer(predictor: Predictor[Any], sample: Sample[Any, Any], task: Task[Any, Any, Any]) -> Any:
    """The prediction for one case.

    Raises:
        PluginError: as `answers`.
        DataError, MemoryFault: the predictor cannot use the case, or has too little memory for it.
    """
    name = name_of(predictor)
    try:
        with blamed(name, sample.case.id):
            given = predictor.predict(Batch.of([sample]))
            if len(given) != 1:
                raise PluginError(f"{name} gave {len(given)} predictions for one case")
        task.check_prediction(given[0], sample)
    except PluginError as error:
        if name in str(error):
            raise
        # The task knows what is wrong with a prediction, not whose it is.
        raise PluginError(f"{name}: {error}") from error
    return given[0]


def notes_of(predictor: Predictor[Any]) -> tuple[str, ...]:
    """What a predictor says of its answers up to now; most have nothing to say.

    Raises:
        PluginError: it fails.
    """
    say = getattr(predictor, "notes", None)
    with blamed(name_of(predictor)):
        return () if say is None else tuple(say())


def evaluate(
    predictor: Predictor[Any],
    feed: CaseFeed,
    task: Task[Any, Any, Any],
    metrics: Sequence[Metric[Any]],
    *,
    with_intervals: bool = True,
    keep: Sequence[Callable[[Sample[Any, Any], Any], None]] = (),
) -> Evaluation:
    """Evaluate a predictor on every case of a feed that has a reference.

    Each of `keep` is given every sample with its prediction, to write it down.
    """
    tally = Tally(metrics)
    for sample, prediction in answers(predictor, feed, task):
        for take in keep:
            take(sample, prediction)
        tally.add(sample, prediction)
    return tally.evaluation(feed, with_intervals=with_intervals)


class Tally:
    """Figures that grow case by case."""

    def __init__(self, metrics: Sequence[Metric[Any]]) -> None:
        self._metrics, self._parts = metrics, [[] for _ in metrics]  # type: tuple[Sequence[Metric[Any]], list[list[Any]]]
        self._cases: list[Case] = []
        self._rows: list[dict[str, float]] = []

    def add(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Measure a prediction, where the sample has a reference."""
        if sample.reference is None:
            return
        self._cases.append(sample.case)
        row: dict[str, float] = {}
        for metric, found in zip(self._metrics, self._parts, strict=True):
            found.append(metric.case(prediction, sample))
            row |= metric.total(found[-1:])
        self._rows.append(row)

    def evaluation(self, feed: CaseFeed, *, with_intervals: bool = True) -> Evaluation:
        """What was reached on the cases of `feed`.

        Raises:
            UsageError: none of them had a reference.
        """
        if not self._cases:
            raise UsageError(f"none of {counted(len(feed), 'case')} for {feed.part} has a reference to measure against")
        result = Evaluation(self._cases, parts=self._parts, total=len(feed))
        for metric, found in zip(self._metrics, self._parts, strict=True):
            _add_figures(result.figures, metric, found, self._cases, with_intervals)
        left_out = _repeated([{name: figure.value for name, figure in result.figures.items()}, *self._rows])
        result.figures = {name: figure for name, figure in result.figures.items() if name not in left_out}
        result.rows = [{name: value for name, value in row.items() if name not in left_out} for row in self._rows]
        return result


def _repeated(rows: Sequence[Mapping[str, float]]) -> set[str]:
    """The figures of the first row that are the only part (`NAME-PART`) of a mean (`NAME`), and the same in every row: they tell nothing
    that the mean does not."""
    parts: dict[str, list[str]] = {}
    for name in rows[0]:
        parts.setdefault(name.rpartition("-")[0], []).append(name)
    only = {found[0]: mean for mean, found in parts.items() if mean in rows[0] and len(found) == 1}
    return {name for name, mean in only.items() if all(_same(row.get(name), row.get(mean)) for row in rows if name in row)}


def _same(first: float | None, second: float | None) -> bool:
    return first == second or (first is not None and second is not None and math.isnan(first) and math.isnan(second))


def _add_figures(figures: dict[str, Figure], metric: Metric[Any], parts: list[Any], cases: Sequence[Case], with_intervals: bool) -> None:
    totals: Mapping[str, float] = metric.total(parts)
    doubled = figures.keys() & totals.keys()
    if doubled:
        raise UsageError(f"two metrics give a figure called {min(doubled)!r}: give one of them a label")
    found = _intervals(metric, parts, cases) if with_intervals else {}
    for name, value in totals.items():
        figures[name] = Figure(float(value), found.get(name, Interval(None, None, "")), metric.better)


def _intervals(metric: Metric[Any], parts: list[Any], cases: Sequence[Case]) -> dict[str, Interval]:
    """Over groups, or over single cases where the metric says so; the draws kept are over groups in any case, as comparisons pair them."""
    found = intervals(metric.total, parts, [case.group for case in cases])
    if getattr(metric, "resampled", "groups") == "groups":
        return found
    own = intervals(metric.total, parts, [case.id for case in cases])
    return {name: replace(item, said=item.said.replace("groups", "cases"), draws=found[name].draws) for name, item in own.items()}
