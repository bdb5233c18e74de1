"""Entries of the folders that a user names: which runs are seeds of one another, and what tells entries of one recipe apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._compare.measured import Entry
from medai._results.experiment import ExperimentFolder
from medai._results.folder import RunFolder, read_json
from medai._words import listed
from medai.errors import DataError

_MOST_NAMED = 3


@dataclass(frozen=True)
class Gathered:
    """Entries, and what was left out of them, in words."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Run:
    folder: RunFolder
    record: Mapping[str, Any]

    @property
    def recipe(self) -> str:
        return str(self.record["recipe"])

    @property
    def place(self) -> str:
        """The name of its folder, or of its experiment's."""
        root = self.folder.root.absolute()
        return root.parent.name if ExperimentFolder(root.parent).exists else root.name

    def method(self) -> str:
        """All that two runs which differ in their seed alone have in common."""
        record = self.record
        return json.dumps(
            [
                record["recipe"],
                record["scale"],
                _without_folders(record["configuration"]),
                {name: slot["fingerprint"] for name, slot in record["data"].items()},
                {name: item["recipe"] for name, item in record["upstream"].items()},
                record["options"]["upstream"],
            ],
            sort_keys=True,
        )

    def own_values(self) -> dict[str, Any]:
        """The scale, and what was set beside it."""
        origins = self.record["origins"]
        set_here = [item for item in self.record["departures"] if not str(origins.get(item["path"], "")).startswith("scale ")]
        return {"scale": self.record["scale"], **{item["path"]: item["run"] for item in set_here}}


def entries_of(roots: Sequence[Path]) -> Gathered:
    """Entries of run, evaluation and experiment folders; runs that differ in their seed alone are one entry.

    Raises:
        DataError: a folder is none of these, or a run in it is not finished.
    """
    notes: list[str] = []
    runs: dict[Path, _Run] = {}
    for root in roots:
        for folder in _folders(root, notes):
            runs.setdefault(folder.root.resolve(), _Run(folder, _finished(folder)))
    grouped = _by_method(list(runs.values()))
    names = _names([found[0] for found in grouped])
    entries = [Entry(name, tuple(run.folder for run in found)) for name, found in zip(names, grouped, strict=True)]
    return Gathered(tuple(entries), tuple(notes))


def with_baselines(entries: Sequence[Entry], *, needed: bool = True) -> tuple[Entry, ...]:
    """The entries, and the baselines of the first.

    Raises:
        DataError: they are needed, and the first was measured without any, as every evaluation is.
    """
    first = entries[0]
    found = [read_json(folder.summary, "the run has no summary.json")["baselines"] for folder in first.folders]
    names = [name for name in found[0] if all(name in other for other in found)]
    if not names and needed:
        raise DataError("it holds no baseline", first.folders[0].root)
    taken = {entry.name for entry in entries}
    called = {name: f"{name} (baseline)" if name in taken else name for name in names}
    return (*entries, *(Entry(called[name], first.folders, name) for name in names))


def _folders(root: Path, notes: list[str]) -> Iterator[RunFolder]:
    experiment = ExperimentFolder(root)
    if not experiment.exists:
        yield RunFolder(root)
        return
    notes += [f"{root}: seed {item['seed']} is {item['status']}, and left out" for item in experiment.missing()]
    found = experiment.finished()
    if not found:
        raise DataError("no seed of the experiment is finished", root)
    yield from found


def _finished(folder: RunFolder) -> dict[str, Any]:
    record = folder.read_record()
    if record["status"] != "finished":
        raise DataError(f"the run is {record['status']}, not finished", folder.root)
    return record


def _by_method(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Runs in lists of one method each; a seed that comes again begins another list, since it is no further seed."""
    lists: dict[str, list[list[_Run]]] = {}
    for run in runs:
        known = lists.setdefault(run.method(), [])
        place = next((found for found in known if all(other.record["seed"] != run.record["seed"] for other in found)), None)
        if place is None:
            known.append([run])
        else:
            place.append(run)
    first = {id(run): number for number, run in enumerate(runs)}
    return sorted((found for known in lists.values() for found in known), key=lambda found: first[id(found[0])])


def _names(runs: Sequence[_Run]) -> list[str]:
    """The recipes' ids, with what was set of a run and not of every other; those of one recipe with their folders where that is much or
    nothing."""
    values = [run.own_values() for run in runs]
    named = []
    for run, own in zip(runs, values, strict=True):
        alike = [other for other, its in zip(values, runs, strict=True) if its.recipe == run.recipe]
        words = [
            f"{key} {_short(own[key])}" if key == "scale" else f"{key}={_short(own[key])}"
            for key in sorted(own)
            if any(other.get(key) != own[key] for other in values)
        ]
        telling = {key for other in alike for key in own.keys() | other.keys() if own.get(key) != other.get(key)}
        if len(telling) > _MOST_NAMED:
            named.append(f"{run.recipe} ({run.place})")
        else:
            named.append(f"{run.recipe} ({listed(words)})" if 0 < len(words) <= _MOST_NAMED else run.recipe)
    named = _told_apart(named, [f"({run.place})" for run in runs])
    return _told_apart(named, [f"[{run.folder.root}]" for run in runs])


def _told_apart(names: Sequence[str], marks: Sequence[str]) -> list[str]:
    """The names, those that come more than once with a mark behind."""
    return [f"{name} {mark}" if names.count(name) > 1 else name for name, mark in zip(names, marks, strict=True)]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _without_folders(document: Any) -> Any:
    """Without the places of the data, which the fingerprint stands for."""
    if isinstance(document, Mapping):
        return {key: _without_folders(item) for key, item in document.items() if key != "root"}
    return [_without_folders(item) for item in document] if isinstance(document, list) else document
