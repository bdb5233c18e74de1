"""What the runs reached, cell by cell, beside what is reported."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medai._compare import Entry, Ranking, leaderboard
from medai._engine.configure import PAPER
from medai._engine.run import MODEL
from medai._reproduce.jobs import measured
from medai._reproduce.plan import Part, Plan, Planned
from medai._reproduce.verdict import Verdict, judge
from medai._results.folder import RunFolder, read_json
from medai._words import listed, nearest
from medai.api import Cell
from medai.errors import DataError, MedaiError

ModelFigures = Mapping[int, float | str]
"""Figures of the model itself by the place of the cell, or why there is none."""


@dataclass
class Result:
    """A cell with what was measured.

    Attributes:
        cell: as printed.
        guest: a row of the user's own.
        value: measured, the mean over seeds; None where it is not.
        spread: of the cases' figures, of the kind that is printed beside the reported one, the mean over seeds; None where none is printed,
            or of no kind that cases have.
        low: the 95 % interval's lower end; None where there is none.
        high: its upper end.
        interval: what the interval is, or why there is none.
        cases: that the figure stands on; 0 for one of the model itself.
        groups: that they are of.
        seeds: runs that the figure is the mean of.
        folders: the folders that it was read from, one per seed and averaged run, relative to the output.
        better: which way is good.
        protocol: hash of the protocol.
        one_subject: all cases are one subject's.
        ties: the rows that it cannot be told apart from.
        best: whether it is better than every other row by the tests.
        failure: why nothing was measured.
        note: what else must be known.
        verdict: beside the reported figure.
    """

    cell: Cell
    guest: bool
    value: float | None = None
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    interval: str = ""
    cases: int = 0
    groups: int = 0
    seeds: int = 0
    folders: list[str] = field(default_factory=list)
    better: str = ""
    protocol: str = ""
    one_subject: bool = False
    ties: tuple[str, ...] = ()
    best: bool = False
    failure: str = ""
    note: str = ""
    verdict: Verdict = field(default_factory=lambda: Verdict("not measured"))


def gather(plan: Plan, root: Path, failures: Mapping[str, str], of_models: ModelFigures) -> tuple[list[Result], dict[str, Ranking]]:
    """A result for each cell of the plan, and for each column of two measured rows or more how they compare.

    `failures` says of the runs that failed why they did.

    Raises:
        DataError: cells were measured under different protocols: a table never mixes them.
    """
    results = [_result(planned, root, failures, of_models.get(place)) for place, planned in enumerate(plan.cells)]
    hashes = {result.protocol: result.cell for result in results if result.protocol}
    if len(hashes) > 1:
        cells = listed(f"{cell.row}, {cell.column} ({found})" for found, cell in hashes.items())
        raise DataError(f"{plan.id} would mix protocols: {cells}")
    rankings = _rankings(plan, results, root)
    for planned, result in zip(plan.cells, results, strict=True):
        cell = result.cell
        result.verdict = judge(
            cell.reported,
            result.value,
            result.low,
            result.high,
            interval=result.interval,
            hindrances=_hindrances(planned, plan),
            failure=result.failure,
        )
    return results, rankings


def _rankings(plan: Plan, results: Sequence[Result], root: Path) -> dict[str, Ranking]:
    """How the rows of each column compare; what a row has over several seeds is its value and interval."""
    columns: dict[str, list[Result]] = {}
    for planned, result in zip(plan.cells, results, strict=True):
        # A mean over several test sets, or a figure of the model itself, has no cases to compare by.
        if result.value is not None and planned.model is None and len(planned.jobs[0]) == 1:
            columns.setdefault(result.cell.column, []).append(result)
    found = {}
    for column, measured_there in columns.items():
        entries = [Entry(result.cell.row, tuple(RunFolder(root / place) for place in result.folders)) for result in measured_there]
        try:
            ranking = leaderboard(entries, measured_there[0].cell.metric).rankings[0]
        except DataError as error:
            for result in measured_there:
                result.note = f"not compared with the other rows: {error.reason}"
            continue
        rows = {row.name: row for row in ranking.rows}
        for result in measured_there:
            row = rows[result.cell.row]
            result.low, result.high, result.interval, result.ties, result.best = row.low, row.high, row.interval, row.ties, row.best
        if len(entries) > 1:
            found[column] = ranking
    return found


def _result(planned: Planned, root: Path, failures: Mapping[str, str], of_model: float | str | None) -> Result:
    result = Result(planned.cell, planned.guest, failure=planned.failure)
    if result.failure:
        return result
    if planned.model is not None:
        if isinstance(of_model, float):
            result.value, result.seeds, result.interval = of_model, 1, "a figure of the model itself"
        else:
            result.failure = of_model or "it was not measured"
        return result
    try:
        result.failure = _of_runs(result, planned, root, failures)
    except MedaiError as error:
        result.failure = str(error)
    return result


def _of_runs(result: Result, planned: Planned, root: Path, failures: Mapping[str, str]) -> str:
    """Fill in what the runs reached; why nothing can be said, if nothing can."""
    rows = []
    for jobs in planned.jobs:
        for key, _ in jobs:
            if key in failures:
                return failures[key]
        rows.append([_read(measured(root, key, part), planned.cell.metric) for key, part in jobs])
    summaries = [summary for row in rows for summary, _ in row]
    means = [statistics.fmean(figure["value"] for _, figure in row) for row in rows if all(f["value"] is not None for _, f in row)]
    # Of the test sets that are averaged, all count; of seeds, which are measured on the same cases, one.
    tested = [summary for summary, _ in rows[0]]
    result.cases = sum(summary["cases"]["used"] for summary in tested)
    result.groups = sum(summary["groups"] for summary in tested)
    result.seeds, result.better = len(means), rows[0][0][1]["better"]
    result.protocol, result.one_subject = summaries[0]["protocol_hash"], len(tested) == 1 and tested[0]["one_subject"]
    result.folders = [str(_place(root, key, part)) for jobs in planned.jobs for key, part in jobs]
    if not means:
        return ""
    result.value = statistics.fmean(means)
    if result.cell.spread is not None and len(rows[0]) == 1:
        spreads = [spread_of(RunFolder(root / place), planned.cell.metric, result.cell.spread.kind) for place in result.folders]
        result.spread = statistics.fmean(found) if (found := [each for each in spreads if each is not None]) else None
    result.interval = f"a mean over {len(rows[0])} test sets" if len(rows[0]) > 1 else ""
    return ""


def spread_of(folder: RunFolder, metric: str, kind: str) -> float | None:
    """The spread of a figure over the cases of a run: `variance`, `standard deviation` (both of the population) or `standard error`; None
    where fewer than two cases have the figure, or of another kind."""
    with folder.cases.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["predictor"] == MODEL and row["status"] == "ok"]
    values = [float(row[metric]) for row in rows if row.get(metric)]
    values = [value for value in values if math.isfinite(value)]
    if len(values) < 2:
        return None
    match kind:
        case "variance":
            return statistics.pvariance(values)
        case "standard deviation":
            return statistics.pstdev(values)
        case "standard error":
            return statistics.stdev(values) / math.sqrt(len(values))
    return None


def _read(folder: RunFolder, metric: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """A summary and its figure called `metric`.

    Raises:
        DataError: it has no such figure.
    """
    summary = read_json(folder.summary, "nothing was measured here")
    if metric not in summary["figures"]:
        raise DataError(f"no figure {metric!r} was measured{nearest(metric, summary['figures'])}", folder.root)
    return summary, summary["figures"][metric]


def _place(root: Path, key: str, part: Part) -> Path:
    return measured(root, key, part).root.relative_to(root)


def _hindrances(planned: Planned, plan: Plan) -> list[str]:
    """What keeps a measured figure from being compared with the printed one."""
    found = [planned.cell.incomparable] if planned.cell.incomparable else []
    if planned.model is not None:
        return found
    jobs = [plan.jobs[key] for key, _ in planned.jobs[0]] if planned.jobs else []
    if plan.order.stub:
        found.append("stub data")
    elif any(job.embedded for job in jobs):
        found.append("embedded data, not the paper's")
    if any(job.configuration.recipe.train is not None for job in jobs) and plan.scale != PAPER:
        found.append(f"scale {plan.scale}")
    if plan.protocol != plan.table.protocol:
        found.append(f"protocol {plan.protocol or 'of the recipes'}, not {plan.table.protocol or 'of the recipes'}")
    return found
