"""The page: pictures first, then curves, then tables, then what was run."""

from __future__ import annotations

import base64
import csv
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._memory import ran_out_of_memory
from medai._report.charts import as_data_uri, curves, spread
from medai._report.pattern import template
from medai._results.folder import RunFolder, read_json
from medai.io import write_text
from medai.tasks import Sample, Task

MODEL = "model"
_PICTURES = 3
Answers = Callable[[Sequence[str]], Iterable[tuple[Sample[Any, Any], Any]]]
"""Given case ids, their samples with the predictions that were stored."""


@dataclass(frozen=True)
class Picture:
    """A drawn case: why it is shown, and the image as a data address."""

    title: str
    image: str


def write_report(folder: RunFolder, task: Task[Any, Any, Any], answers: Answers) -> Path:
    """Write `report.html` from the run folder; `answers` looks up the few cases that are drawn."""
    record = read_json(folder.record, "the run has no run.json")
    summary = read_json(folder.summary, "the run has no summary.json")
    rows, journal, options = _rows(folder.cases), folder.read_journal(), record["configuration"]["protocol"]["options"]
    pictures, undrawn = _pictures(_chosen(summary, rows), task, options, answers)
    page = template("report.html.j2", figure=_figure).render(
        record=record,
        summary=summary,
        pictures=pictures,
        undrawn=undrawn,
        charts=[Picture(item["figure"], _data_uri(folder.root / item["file"])) for item in summary.get("charts", ())],
        curves=curves(journal),
        spread=spread(rows, [name for name in summary["figures"] if any(_is_defined(row.get(name)) for row in rows)][:3], MODEL),
        rows=rows,
        columns=list(summary["figures"]),
        configuration=json.dumps(_without_folders(record["complete_configuration"]), indent=2, ensure_ascii=False),
    )
    write_text(folder.report, page)
    return folder.report


def _chosen(summary: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, str]:
    """The cases that are drawn, and why: those on which the task has a remark; then the median, the best and the worst by the first figure
    that a case has alone; without one, the first cases."""
    chosen = {item["case"]: item["why"] for item in summary.get("shown", ())}
    own = [row for row in rows if row["predictor"] == MODEL and row["status"] == "ok"]
    name = next((name for name in summary["figures"] if any(_is_defined(row.get(name)) for row in own)), None)
    if name is None:
        return chosen | {row["case"]: f"{place} of {len(own)}" for place, row in enumerate(own[:_PICTURES], 1) if row["case"] not in chosen}
    sign = -1 if summary["figures"][name]["better"] == "higher" else 1
    ranked = sorted((row for row in own if _is_defined(row.get(name))), key=lambda row: sign * row[name])
    for place, word in ((len(ranked) // 2, "median"), (0, "best"), (len(ranked) - 1, "worst")):
        chosen.setdefault(ranked[place]["case"], f"{word} of {len(ranked)} by {name}: {_figure(ranked[place][name])}")
    return chosen


def _pictures(
    chosen: dict[str, str], task: Task[Any, Any, Any], options: dict[str, Any], answers: Answers
) -> tuple[list[Picture], list[str]]:
    """The pictures of cases, and what is said of those that could not be drawn: a run is not lost for a picture."""
    found = {sample.case.id: (sample, prediction) for sample, prediction in answers(list(chosen))}
    pictures, undrawn = [], []
    for case in [case for case in chosen if case in found]:
        try:
            image = as_data_uri(task.draw(*found[case], options))
        except Exception as error:
            if ran_out_of_memory(error):
                raise
            undrawn.append(f"{case} could not be drawn: {type(error).__name__}: {error}")
            continue
        pictures.append(Picture(f"{case}: {chosen[case]}", image))
    return pictures, undrawn


def _data_uri(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _is_defined(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _without_folders(document: Any) -> Any:
    """A configuration for a page that is passed on: a folder's name may be a patient's."""
    if isinstance(document, dict):
        return {key: "(a folder)" if key == "root" and item else _without_folders(item) for key, item in document.items()}
    return [_without_folders(item) for item in document] if isinstance(document, list) else document


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: _number(key, value) for key, value in row.items()} for row in csv.DictReader(file)]


def _number(key: str, text: str) -> str | float:
    if key in ("predictor", "case", "group", "part", "status", "reason", "prediction") or text == "":
        return text
    try:
        return float(text)
    except ValueError:
        return text


def _figure(value: object) -> str:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) and abs(value) < 1 else f"{value:.3f}" if isinstance(value, float) else str(value)
