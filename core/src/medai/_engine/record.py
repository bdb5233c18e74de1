"""What a run writes down: a row per case and predictor, the predictions themselves, and the software that made them."""

from __future__ import annotations

import csv
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import medai
from medai._discovery import registry
from medai._engine.data import SlotData
from medai._engine.evaluate import Answer, Evaluation, Settled
from medai._engine.feed import CaseFeed
from medai._results.folder import RunFolder, safe_name
from medai._results.resamples import Resamples, groups_hash, write_resamples
from medai.errors import DataError
from medai.io import write_csv
from medai.tasks import Case, Sample, Task

_LIBRARIES = ("torch", "accelerate", "numpy", "scipy", "safetensors", "pydantic")
_COLUMNS = ("predictor", "case", "group", "part", "status", "reason", "prediction")


class CaseTable:
    """The rows of `cases.csv`, the resamples of their figures, and the files below `predictions/`."""

    def __init__(self, folder: RunFolder, task: Task[Any, Any, Any]) -> None:
        self._folder, self._task = folder, task
        self._files: dict[str, str] = {}
        self._rows: list[dict[str, Any]] = []
        self._columns = list(_COLUMNS)
        self._resamples: list[Resamples] = []

    def keep(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Write the model's prediction for a case."""
        self._folder.predictions.mkdir(parents=True, exist_ok=True)
        stem = self._folder.predictions / f"{len(self._files):05d}-{safe_name(sample.case.id)}"
        self._files[sample.case.id] = str(self._task.save(prediction, sample, stem).relative_to(self._folder.root))

    def add(self, predictor: str, result: Evaluation, part: str = "test") -> None:
        """A row for each case that the predictor was measured on."""
        own = predictor == "model"
        draws = {name: figure.interval.draws for name, figure in result.figures.items() if figure.interval.draws is not None}
        if draws:
            self._resamples.append(Resamples(predictor, groups_hash(case.group for case in result.cases), draws))
        for case, row in zip(result.cases, result.rows, strict=True):
            self._columns += [name for name in row if name not in self._columns]
            self._rows.append(
                {**_identity(predictor, case, part), "status": "ok", "prediction": self._files.get(case.id, "") if own else "", **row}
            )

    def add_quarantined(self, reasons: Mapping[str, str]) -> None:
        """A row for each case that could not be used."""
        for key, reason in reasons.items():
            part, _, case = key.partition(" ")
            self._rows.append({"predictor": "", "case": case, "group": "", "part": part, "status": "quarantined", "reason": reason})

    def add_left_out(self, cases: Iterable[tuple[Case, str]]) -> None:
        """A row for each case that the protocol is without, with the reason."""
        for case, reason in cases:
            self._rows.append({**_identity("", case, ""), "status": "left out", "reason": reason})

    def write(self) -> None:
        """Write `cases.csv`, and `resamples.npz` where a figure has an interval."""
        write_csv(self._folder.cases, self._columns, self._rows)
        if self._resamples:
            write_resamples(self._folder.resamples, self._resamples)


def stored_answers(folder: RunFolder, feed: CaseFeed, task: Task[Any, Any, Any], ids: Sequence[str] | None = None) -> Iterator[Answer]:
    """The feed's samples with the predictions that the run wrote down; those of some cases, or of all.

    Raises:
        DataError: the run has not been evaluated.
    """
    try:
        with folder.cases.open(encoding="utf-8", newline="") as file:
            files = {row["case"]: row["prediction"] for row in csv.DictReader(file) if row["prediction"]}
    except FileNotFoundError:
        raise DataError("the run has no cases.csv: it has not been evaluated", folder.root) from None
    for sample in feed.samples(only=None if ids is None else set(ids)):
        if sample.case.id in files:
            yield sample, task.load(folder.root / files[sample.case.id])


def software() -> dict[str, Any]:
    """Versions of Python, medai, the libraries under it and every plugin."""
    plugins = {record.distribution: record.version for record in registry().plugins if record.status == "ok"}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "medai": medai.__version__,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "plugins": plugins,
    }


def _identity(predictor: str, case: Case, part: str) -> dict[str, Any]:
    return {"predictor": predictor, "case": case.id, "group": case.group, "part": part, "reason": ""}


def summarise(
    record: Mapping[str, Any],
    result: Evaluation,
    *,
    slots: Sequence[SlotData],
    reasons: Mapping[str, str],
    left_out: Iterable[tuple[Case, str]] = (),
    baselines: Mapping[str, Evaluation] | None = None,
    model: Mapping[str, int] | None = None,
    selected: Mapping[str, int] | None = None,
    charts: Sequence[Mapping[str, str]] = (),
    shown: Sequence[Mapping[str, str]] = (),
    settled: Mapping[str, Settled] | None = None,
) -> dict[str, Any]:
    """What `summary.json` holds: figures with intervals, over how many cases and groups, under which protocol; pictures of the figures and
    cases to show."""
    return {
        "recipe": record["recipe"],
        "scale": record["scale"],
        "protocol_hash": record["protocol_hash"],
        "part": "test",
        "cases": {"used": len(result.cases), "total": result.total},
        "groups": len({case.group for case in result.cases}),
        "one_subject": any(slot.single_subject for slot in slots),
        "figures": _figures(result),
        "baselines": {name: _figures(found) for name, found in (baselines or {}).items()},
        "model": dict(model or {}),
        "selected": selected,
        "charts": list(charts),
        "shown": list(shown),
        "settled": {name: list(chosen) for name, chosen in (settled or {}).items() if chosen},
        "quarantined": [{"case": name, "reason": reason} for name, reason in reasons.items()],
        "left_out": [{"case": case.id, "reason": reason} for case, reason in left_out],
    }


def _figures(result: Evaluation) -> dict[str, Any]:
    return {name: figure.as_record() for name, figure in result.figures.items()}
