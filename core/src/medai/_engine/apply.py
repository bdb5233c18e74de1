"""A finished run put to use: opened, and evaluated on other data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medai._engine.configure import Configuration, restore, with_data
from medai._engine.data import group_roles, open_slots, part
from medai._engine.device import describe, resolve_device
from medai._engine.evaluate import build_metrics, evaluate
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.listener import Listener
from medai._engine.models import FinishedRun, build_task, trained_predictor
from medai._engine.record import CaseTable, stored_answers, summarise
from medai._engine.run import MODEL
from medai._report import write_report
from medai._results.folder import RunFolder, read_json
from medai.errors import DataError
from medai.io import write_json


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


def _check_unseen(groups: set[str], roles: Mapping[str, str]) -> None:
    seen = sorted(group for group in groups if roles.get(group) in ("train", "valid"))
    if seen:
        raise DataError(f"leak: {len(seen)} groups of these data were used in training, such as {seen[0]!r}")
