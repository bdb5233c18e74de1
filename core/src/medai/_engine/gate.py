"""The export gate: an exported model is run again on the run's own test cases, and taken only if the figures stay."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medai._engine.blame import blamed
from medai._engine.evaluate import Evaluation, Tally, answer
from medai._engine.feed import CaseFeed
from medai.errors import DataError, MemoryFault, PluginError, UsageError
from medai.tasks import Metric, Predictor, Task

TOLERANCE = 0.001
_FLOOR = 0.1


@dataclass(frozen=True)
class Change:
    """A figure of the run's model beside that of the exported one, on the same cases and device.

    Attributes:
        allowed: the largest change that is taken: the tolerance times the run's figure, or times 0.1 where that is more, so that a figure
            near 0 need not agree to its last digit.
        passed: whether the change stays within it; NaN agrees with NaN, and infinity with itself.
    """

    figure: str
    run: float
    exported: float
    allowed: float

    @classmethod
    def of(cls, figure: str, run: float, exported: float, tolerance: float) -> Change:
        """The change of one figure under a tolerance."""
        return cls(figure, run, exported, tolerance * max(abs(run), _FLOOR))

    @property
    def change(self) -> float:
        """Exported minus run; 0 where both are the same, finite or not."""
        same = self.run == self.exported or (math.isnan(self.run) and math.isnan(self.exported))
        return 0.0 if same else self.exported - self.run

    @property
    def passed(self) -> bool:
        """Whether the change is within what is allowed."""
        return self.change == 0 or (math.isfinite(self.run) and abs(self.change) <= self.allowed)

    def as_record(self) -> dict[str, Any]:
        """The change as `run.json` holds it."""
        return {**dataclasses.asdict(self), "change": self.change, "passed": self.passed}


@dataclass(frozen=True)
class Gate:
    """What came of an exported model.

    Attributes:
        tolerance: what was asked for.
        changes: a change per figure; none where the model could not be opened or asked.
        cases: how many it was measured on.
        difference: the largest difference between numbers of two predictions for a case; None where they hold no tensors of numbers,
            or differ in size.
        reason: why the export is refused; empty if it is taken.
        limits: what the exported model says that it does not take, such as images of another size.
    """

    tolerance: float
    changes: tuple[Change, ...] = ()
    cases: int = 0
    difference: float | None = None
    reason: str = ""
    limits: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """The outcome as `run.json` and `gate.json` hold it."""
        return {
            "passed": not self.reason,
            "reason": self.reason or None,
            "tolerance": self.tolerance,
            "cases": self.cases,
            "figures": [change.as_record() for change in self.changes],
            "largest_difference": self.difference,
            "limits": list(self.limits),
        }


class Refused(PluginError):
    """An exported model does not answer as the run's does; `gate` says what was found."""

    def __init__(self, message: str, gate: Gate) -> None:
        super().__init__(message)
        self.gate = gate


def examine(
    exporter: Any,
    path: Path,
    own: Predictor[Any],
    feed: CaseFeed,
    task: Task[Any, Any, Any],
    metrics: Sequence[Metric[Any]],
    *,
    device: torch.device,
    tolerance: float,
) -> Gate:
    """Open what was exported and compare it, case by case, with the run's own model.

    Raises:
        UsageError: no test case has a reference.
        DataError, MemoryFault: the run's own model cannot answer more of them than the feed's budget allows.
        EnvironmentFault: the machine lacks what the exported model needs.
    """
    tallies = Tally(metrics), Tally(metrics)
    differences: list[float | None] = []
    try:
        exported = _opened(exporter, path, device)
    except (PluginError, DataError, UsageError) as error:
        return Gate(tolerance, reason=f"it cannot be opened again: {error}")
    limits = tuple(getattr(exported, "limits", ()))
    for sample in feed.samples():
        try:
            expected = answer(own, sample, task)
        except (DataError, MemoryFault) as error:
            # No export can be held against an answer that the run's own model does not give.
            feed.leave_out(sample.case, error)
            continue
        try:
            given = answer(exported, sample, task)
        except (PluginError, DataError, UsageError) as error:
            known = f" ({'; '.join(limits)})" if limits else ""
            return Gate(tolerance, cases=len(differences), reason=f"case {sample.case.id}: {error}{known}", limits=limits)
        differences.append(_difference(expected, given))
        for tally, prediction in zip(tallies, (expected, given), strict=True):
            tally.add(sample, prediction)
    run, other = (tally.evaluation(feed, with_intervals=False) for tally in tallies)
    changes = tuple(_changes(run, other, tolerance))
    # A difference that is not known for one case is not known for all.
    measured = [difference for difference in differences if difference is not None]
    largest = max(measured) if len(measured) == len(differences) else None
    return Gate(tolerance, changes, len(run.cases), largest, _reason(changes), limits)


def _opened(exporter: Any, path: Path, device: torch.device) -> Any:
    """The exported model on the device, where it can be moved: so that the export alone is measured, not the device."""
    with blamed(type(exporter).__name__):
        exported = exporter.open(path)
        if not hasattr(exported, "predict"):
            raise PluginError(f"{type(exporter).__name__}.open gave {type(exported).__name__}, which has no predict(batch)")
        return exported.to(device) if hasattr(exported, "to") else exported


def _changes(run: Evaluation, exported: Evaluation, tolerance: float) -> Iterator[Change]:
    values: list[Mapping[str, float]] = [{name: figure.value for name, figure in found.figures.items()} for found in (run, exported)]
    for name in dict.fromkeys([*values[0], *values[1]]):
        yield Change.of(name, values[0].get(name, math.nan), values[1].get(name, math.nan), tolerance)


def _reason(changes: Sequence[Change]) -> str:
    moved = [change for change in changes if not change.passed]
    return "; ".join(
        f"{change.figure} moves from {change.run:.6g} to {change.exported:.6g}, more than the {change.allowed:.2g} allowed"
        for change in moved
    )


def _difference(expected: Any, given: Any) -> float | None:
    pairs = list(zip(_numbers(expected), _numbers(given), strict=False))
    if not pairs or any(first.shape != second.shape for first, second in pairs):
        return None
    return max((float((first - second).abs().max()) for first, second in pairs if first.numel()), default=0.0)


def _numbers(prediction: Any) -> list[torch.Tensor]:
    if not dataclasses.is_dataclass(prediction):
        return []
    values = [getattr(prediction, field.name) for field in dataclasses.fields(prediction)]
    return [value.double() for value in values if isinstance(value, torch.Tensor) and value.is_floating_point()]
