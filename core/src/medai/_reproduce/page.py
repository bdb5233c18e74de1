"""The page of a rebuilt table: pictures of one case by every method, charts, the table, how the rows compare, and the runs behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import medai
from medai._compare import Ranking
from medai._engine.apply import Opened, stored_part
from medai._engine.models import build_task
from medai._report.charts import as_data_uri
from medai._report.pattern import template
from medai._reproduce.charts import columns_chart, drawn
from medai._reproduce.gather import Result
from medai._reproduce.jobs import FINISHED, folder_of
from medai._reproduce.plan import Plan
from medai._reproduce.write import HEADS, conclusions, count, headline, interval, measured, notes, number, reasons_of, reported
from medai._results.folder import RunFolder, safe_name
from medai.errors import DataError
from medai.io import replacing, write_text


@dataclass(frozen=True)
class Shown:
    """A picture, and what stands under it."""

    caption: str
    image: str


def write_page(plan: Plan, results: Sequence[Result], rankings: Mapping[str, Ranking], root: Path, folder: Path) -> Path:
    """Write `report.html` and the charts as PNG; the page's path."""
    charts = []
    for title, figure in _charts(plan, results, root):
        name = safe_name(title).lower()[:60]
        with replacing(folder / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=150, bbox_inches="tight", facecolor="white")
        charts.append(Shown(title, as_data_uri(figure)))
    pictures, said = [], notes(plan, results)
    try:
        pictures = list(_pictures(results, root))
    except DataError as error:
        # Of runs that were made long ago the data may be gone; what was measured stands.
        said.append(f"no pictures: {error}")
    page = template("reproduce.html.j2", number=number, reported=reported, measured=measured, interval=interval, count=count).render(
        plan=plan,
        headline=headline(plan),
        version=medai.__version__,
        heads=HEADS[2:],
        results=results,
        rankings=rankings,
        charts=charts,
        pictures=pictures,
        conclusions=conclusions(plan, results, rankings),
        notes=said,
        reasons=reasons_of(results),
        runs=[_run(plan, key, root) for key in plan.jobs],
        columns=list(dict.fromkeys(result.cell.column for result in results)),
    )
    write_text(folder / "report.html", page)
    return folder / "report.html"


def _charts(plan: Plan, results: Sequence[Result], root: Path) -> Iterator[tuple[str, Any]]:
    asked = [(chart.title, drawn(chart, results, root)) for chart in plan.table.charts]
    for title, figure in [*asked, ("Reported and measured", columns_chart(results))]:
        if figure is not None:
            yield title, figure


def _pictures(results: Sequence[Result], root: Path) -> Iterator[Shown]:
    """One case by each method: the first column that was measured, its median case by the first row that was."""
    found = [result for result in results if result.folders and result.value is not None]
    if not found:
        return
    column = found[0].cell.column
    rows = [result for result in found if result.cell.column == column]
    case = _median_case(RunFolder(root / rows[0].folders[0]), rows[0].cell.metric)
    for result in rows:
        place = RunFolder(root / result.folders[0])
        opened = Opened.at(place.root, "cpu")
        task, options = build_task(opened.configuration.recipe.task), opened.configuration.recipe.protocol.options
        for sample, prediction in stored_part(opened, [case]):
            yield Shown(f"{result.cell.row}, case {case} ({column})", as_data_uri(task.draw(sample, prediction, options)))


def _median_case(folder: RunFolder, metric: str) -> str:
    import csv

    with folder.cases.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["predictor"] == "model" and row["status"] == "ok" and row.get(metric)]
    ranked = sorted(rows, key=lambda row: float(row[metric]))
    return ranked[len(ranked) // 2]["case"] if ranked else ""


def _run(plan: Plan, key: str, root: Path) -> dict[str, str]:
    folder = folder_of(root, key)
    found = {
        "title": plan.jobs[key].title,
        "folder": str(folder.root.relative_to(root)),
        "status": "not begun",
        "departures": "",
        "took": "",
    }
    if not folder.record.exists():
        return found
    record = folder.read_record()
    changed = [f"{item['path']} = {item['run']!r}" for item in record["departures"] if item["path"].split(".")[0] != "baselines"]
    status = record["status"] if record["status"] == FINISHED else f"{record['status']}: {record.get('reason')}"
    return {**found, "status": status, "departures": ", ".join(changed), "device": record["device"]}
