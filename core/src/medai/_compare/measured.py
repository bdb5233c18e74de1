"""What a run folder holds of one predictor, and an entry's runs together."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from medai._compare.differences import differences
from medai._results.bootstrap import FEWEST_GROUPS, Draws
from medai._results.folder import RunFolder, read_json
from medai._results.resamples import groups_hash, read_resamples
from medai._words import listed
from medai.errors import DataError, UsageError

MODEL = "model"


_NAMED = 3
"""Cases that an error names."""


@dataclass(frozen=True)
class Entry:
    """What is compared: one predictor, measured in one folder for each seed.

    Attributes:
        name: what it is called; each entry's is another.
        folders: run or evaluation folders, one per seed.
        predictor: `model`, or the name of a baseline in these folders.
    """

    name: str
    folders: tuple[RunFolder, ...]
    predictor: str = MODEL


@dataclass(frozen=True)
class Measured:
    """One predictor in one folder.

    Attributes:
        record: what `run.json` holds.
        summary: what `summary.json` holds.
        figures: the predictor's figures in it.
        groups: the group of each case, in the order of the cases' ids.
        rows: the columns of `cases.csv` by case, in the same order.
        draws: each figure's resamples, float64 (R,); empty with fewer than five groups.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    summary: Mapping[str, Any]
    figures: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, str]
    rows: Mapping[str, Mapping[str, str]]
    draws: Mapping[str, Draws]

    @classmethod
    def at(cls, folder: RunFolder, predictor: str) -> Measured:
        """What the folder holds of the predictor.

        Raises:
            DataError: the run is not finished, or its files do not belong together.
            UsageError: it has no such predictor.
        """
        record = folder.read_record()
        if record["status"] != "finished":
            raise DataError(f"the run is {record['status']}, not finished", folder.root)
        summary = read_json(folder.summary, "the run has no summary.json")
        figures = summary["figures"] if predictor == MODEL else summary["baselines"].get(predictor)
        if figures is None:
            raise UsageError(f"{folder.root} has no baseline {predictor!r}")
        rows = _rows(folder, predictor)
        groups = {case: row["group"] for case, row in rows.items()}
        return cls(folder, record, summary, figures, groups, rows, _draws(folder, predictor, groups))

    @cached_property
    def group_count(self) -> int:
        """How many groups the cases fall in."""
        return len(set(self.groups.values()))

    def value(self, figure: str) -> float:
        """The figure over all cases; NaN where it is not defined or not there."""
        found = self.figures.get(figure, {}).get("value")
        return math.nan if found is None else float(found)

    def of_cases(self, figure: str) -> Draws:
        """The figure of each case alone, float64 (cases,); NaN where a case has none."""
        return np.array([_number(row.get(figure)) for row in self.rows.values()])

    def is_mean(self, figure: str) -> bool:
        """Whether the figure is the mean of the cases' own, those that are finite; a pooled one, such as AP, is not."""
        own = self.of_cases(figure)
        finite = own[np.isfinite(own)]
        # float32 sums differ from ours in the seventh digit.
        return bool(finite.size) and math.isclose(float(finite.mean()), self.value(figure), rel_tol=1e-5, abs_tol=1e-12)

    def fingerprints(self) -> list[str]:
        """The fingerprints of the data that test cases may come from, whatever their slots are called."""
        slots = self.record["configuration"].get("data", {})
        tested = [name for name in self.record["data"] if "test" in slots.get(name, {}).get("roles", ["test"])]
        return sorted(self.record["data"][name]["fingerprint"] for name in tested)


def measure(entries: Sequence[Entry]) -> list[list[Measured]]:
    """What each entry's folders hold, in the order of the seeds.

    Raises:
        UsageError: there is no entry, two have one name, or one has no folder.
        DataError: they were not measured alike: under different protocols, on different cases or other data. It names two of them.
    """
    names = [entry.name for entry in entries]
    doubled = next((name for name in names if names.count(name) > 1), None)
    empty = next((entry.name for entry in entries if not entry.folders), None)
    if not entries or doubled or empty:
        raise UsageError("nothing to compare" if not entries else f"{empty}: no run" if empty else f"two entries are called {doubled}")
    found = [[Measured.at(folder, entry.predictor) for folder in entry.folders] for entry in entries]
    first, own = found[0][0], _called(entries[0], found[0][0])
    for entry, runs in zip(entries, found, strict=True):
        for run in runs:
            _check_alike(first, own, run, _called(entry, run))
    return found


def _called(entry: Entry, run: Measured) -> str:
    return f"{entry.name} ({run.folder.root})"


def _check_alike(first: Measured, own: str, other: Measured, its: str) -> None:
    protocols = first.summary["protocol_hash"], other.summary["protocol_hash"]
    if protocols[0] != protocols[1]:
        apart = differences(first.record, other.record)
        raise DataError(f"two protocols: {own} was measured under {protocols[0]}, {its} under {protocols[1]}: {apart}")
    if first.groups.keys() != other.groups.keys():
        counts, common = (len(first.groups), len(other.groups)), len(first.groups.keys() & other.groups.keys())
        alone = sorted(first.groups.keys() ^ other.groups.keys())
        shown = listed(alone if len(alone) <= _NAMED else [*alone[:_NAMED], f"{len(alone) - _NAMED} more"])
        told = f"{own} was measured on {counts[0]}, {its} on {counts[1]}; {common} are common to both"
        raise DataError(f"other cases: {told}, and not {shown}: each run's report says what it left out")
    regrouped = next((case for case, group in first.groups.items() if other.groups[case] != group), None)
    if regrouped is not None:
        raise DataError(f"other groups: case {regrouped} is of {first.groups[regrouped]} in {own}, of {other.groups[regrouped]} in {its}")
    data = listed(first.fingerprints()), listed(other.fingerprints())
    if data[0] != data[1]:
        raise DataError(
            f"other data: their fingerprint is {data[0]} in {own}, {data[1]} in {its}: other files, or another dataset or other parameters "
            "of it; medai evaluate RUN --data measures both on the same"
        )


def _rows(folder: RunFolder, predictor: str) -> dict[str, Mapping[str, str]]:
    try:
        with folder.cases.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["predictor"] == predictor and row["status"] == "ok"]
    except FileNotFoundError:
        raise DataError("the run has no cases.csv: it has not been evaluated", folder.root) from None
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"cannot be read: {error!r}", folder.cases) from error
    if not rows:
        raise DataError(f"it holds no case of {predictor}", folder.cases)
    return {row["case"]: row for row in sorted(rows, key=lambda row: row["case"])}


def _draws(folder: RunFolder, predictor: str, groups: Mapping[str, str]) -> Mapping[str, Draws]:
    if len(set(groups.values())) < FEWEST_GROUPS:
        return {}
    found = read_resamples(folder.resamples).get(predictor)
    if found is None:
        raise DataError("the run has no resamples.npz; medai evaluate makes a folder that has", folder.root)
    if found.groups != groups_hash(groups.values()):
        raise DataError("its resamples are of other groups than cases.csv", folder.resamples)
    return found.draws


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan
