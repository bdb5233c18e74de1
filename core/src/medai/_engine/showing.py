"""What a run shows besides its figures: pictures that metrics draw, and the cases that a person should look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from medai._engine.evaluate import Evaluation
from medai._memory import ran_out_of_memory
from medai._report.charts import as_png
from medai._results.folder import RunFolder, safe_name
from medai.io import write_bytes
from medai.tasks import Metric, Remark, Sample, Task

_EACH = 3
"""Remarks of a kind that are kept."""
Note = Callable[[str], None]


class Remarks:
    """The weightiest remarks of a task on its test cases; one that fails is noted, once, and says no more."""

    def __init__(self, task: Task[Any, Any, Any], options: Mapping[str, Any], note: Note) -> None:
        self._ask, self._options, self._note = getattr(task, "remarks", None), options, note
        self._kept: dict[str, list[tuple[str, Remark]]] = {}

    def add(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Ask about one case."""
        if self._ask is None:
            return
        try:
            found = list(self._ask(sample, prediction, self._options))
        except Exception as error:
            self._ask = None
            self._note(_failure("the task says no more of which cases are worth a look", error))
            return
        for remark in found:
            kept = [*self._kept.get(remark.kind, ()), (sample.case.id, remark)]
            self._kept[remark.kind] = sorted(kept, key=_weight, reverse=True)[:_EACH]

    def as_record(self) -> list[dict[str, str]]:
        """The cases to show with the reasons why, the weightiest first."""
        reasons: dict[str, list[str]] = {}
        for case, remark in sorted((each for kept in self._kept.values() for each in kept), key=_weight, reverse=True):
            reasons.setdefault(case, []).append(remark.text)
        return [{"case": case, "why": "; ".join(dict.fromkeys(texts))} for case, texts in reasons.items()]


def draw_charts(
    metrics: Sequence[Metric[Any]], evaluation: Evaluation, folder: RunFolder, options: Mapping[str, Any], note: Note
) -> list[dict[str, str]]:
    """Write the pictures that metrics draw of an evaluation, each named as the metric's first figure; what failed is noted."""
    charts = []
    for metric, parts in zip(metrics, evaluation.parts, strict=True):
        draw = getattr(metric, "draw", None)
        if draw is None:
            continue
        name = next(iter(metric.total(parts)))
        try:
            figure = draw(parts, options)
            picture = None if figure is None else as_png(figure)
        except Exception as error:
            note(_failure(f"no picture of {name}", error))
            continue
        if picture is not None:
            path = folder.charts / f"{safe_name(name)}.png"
            write_bytes(path, picture)
            charts.append({"figure": name, "file": path.relative_to(folder.root).as_posix()})
    return charts


def _failure(what: str, error: Exception) -> str:
    if ran_out_of_memory(error):
        raise error
    return f"{what}: {type(error).__name__}: {error}"


def _weight(item: tuple[str, Remark]) -> float:
    return item[1].weight
