"""What is done with a finished run: evaluate it on other data, answer unlabelled input."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai._engine.configure import Configuration, restore, with_data
from medai._engine.data import group_roles, open_input, open_slots, part, with_views
from medai._engine.device import describe, resolve_device
from medai._engine.evaluate import answers, build_metrics, evaluate
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.listener import Listener
from medai._engine.models import FinishedRun, build_task, trained_predictor
from medai._engine.record import CaseTable, stored_answers, summarise
from medai._engine.run import MODEL
from medai._report import write_report
from medai._results.folder import RunFolder, read_json, safe_name
from medai.errors import DataError
from medai.io import write_csv, write_json
from medai.tasks import Case, Dataset, Sample


@dataclass(frozen=True)
class Opened:
    """A finished run with what is needed to use it."""

    folder: RunFolder
    record: Mapping[str, Any]
    configuration: Configuration
    runs: Mapping[str, FinishedRun]
    device: torch.device

    @classmethod
    def at(cls, root: Path, device: str) -> Opened:
        """The run in a folder, to be used on a device."""
        folder = RunFolder(root)
        record = folder.read_record()
        runs = {name: FinishedRun.of(folder, item) for name, item in record["upstream"].items()}
        return cls(folder, record, restore(record), runs, resolve_device(device))


class _OfUnit:
    """Input of the unit that the protocol states: what has none is taken to be of it, what has another is refused."""

    def __init__(self, source: Dataset[Any, Any], unit: object) -> None:
        self._source, self._unit = source, unit

    def cases(self) -> Sequence[Case]:
        return self._source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self._source.read(case, rng)
        found = getattr(sample.inputs, "unit", None)
        if self._unit is None or found in (None, self._unit):
            return sample
        if found == "":
            return dataclasses.replace(sample, inputs=dataclasses.replace(sample.inputs, unit=self._unit))
        path = sample.origin.files[0] if sample.origin is not None and sample.origin.files else None
        raise DataError(f"its values are in {found}, the method works in {self._unit}", path)


def evaluate_run(root: Path, data: Sequence[str], out: RunFolder, device: str, listener: Listener, *, workers: int = 0) -> dict[str, Any]:
    """Evaluate a run on its own test part, or on other data, in full; return what `summary.json` in `out` holds.

    Raises:
        DataError: a group of the data is one that the run was trained or selected on.
    """
    opened = Opened.at(root, device)
    configuration = with_data(opened.configuration, data) if data else opened.configuration
    recipe = configuration.recipe
    task = build_task(recipe.task)
    slots = open_slots(recipe, opened.runs)
    if data:
        roles = {member.key: "test" for slot in slots for member in slot.members() if "test" in member.roles}
        _check_unseen({member.case.group for slot in slots for member in slot.members()}, group_roles(opened.folder))
    else:
        roles = read_json(opened.folder.split, "the run has no split.json")["cases"]
    listener.stage(f"evaluation on {describe(opened.device)}")
    quarantine, pool = Quarantine(0.1), part(slots, roles, "test")
    feed = CaseFeed(pool, task, part="test", seed=opened.record["seed"], workers=workers, quarantine=quarantine)
    table = CaseTable(out, task)
    result = evaluate(trained_predictor(opened.folder, opened.device), feed, task, build_metrics(recipe.protocol, task), keep=table.keep)
    for message in quarantine.announce():
        listener.warn(f"left out: {message}")
    table.add(MODEL, result)
    table.add_quarantined(quarantine.reasons)
    table.write()
    summary = summarise(opened.record, result, slots=slots, reasons=quarantine.reasons)
    write_json(out.summary, summary)
    evaluated = {
        **opened.record,
        "evaluation_of": str(root),
        "data": {slot.name: slot.as_record() for slot in slots},
        "parts": {"test": len(feed)},
    }
    write_json(out.record, evaluated)
    write_report(out, task, lambda ids: stored_answers(out, feed, task, ids))
    return summary


def predict_files(
    root: Path, paths: Sequence[Path], out: Path, device: str, listener: Listener, *, workers: int = 0
) -> tuple[list[Path], int]:
    """Answer unlabelled input; return the files written and how many cases could not be used.

    One bad case of many is left out, with its reason in `predictions.csv`.

    Raises:
        DataError: there is nothing to read, or no case can be used.
    """
    opened = Opened.at(root, device)
    task = build_task(opened.configuration.recipe.task)
    recipe = opened.configuration.recipe
    dataset = with_views(_OfUnit(open_input(recipe, task, paths), recipe.protocol.options.get("unit")), recipe.views, opened.runs)
    quarantine = Quarantine(1.0)
    feed = CaseFeed(dataset, task, part="input", seed=0, workers=workers, quarantine=quarantine)
    listener.stage(f"{len(feed)} cases on {describe(opened.device)}")
    rows, taken = [], set()  # type: tuple[list[dict[str, Any]], set[str]]
    for sample, prediction in answers(trained_predictor(opened.folder, opened.device), feed, task):
        files = sample.origin.files if sample.origin is not None else ()
        name = safe_name(files[0].name.split(".")[0] if len(files) == 1 else sample.case.id)
        name = name if name not in taken else f"{name}-{len(rows):05d}"
        taken.add(name)
        out.mkdir(parents=True, exist_ok=True)
        written = task.save(prediction, sample, out / name)
        rows.append({"case": sample.case.id, "status": "ok", "file": written.name, "input": files[0].name if files else ""})
    for message in quarantine.announce():
        listener.warn(f"left out: {message}")
    lost = [{"case": key.partition(" ")[2], "status": "left out", "reason": reason} for key, reason in quarantine.reasons.items()]
    write_csv(out / "predictions.csv", ("case", "status", "file", "input", "reason"), [*rows, *lost])
    return [out / row["file"] for row in rows], len(lost)


def _check_unseen(groups: set[str], roles: Mapping[str, str]) -> None:
    seen = sorted(group for group in groups if roles.get(group) in ("train", "valid"))
    if seen:
        raise DataError(f"leak: {len(seen)} groups of these data were used in training, such as {seen[0]!r}")
