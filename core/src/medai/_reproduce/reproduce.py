"""A table rebuilt from end to end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from medai._bench.measure import figures_of_model
from medai._bench.row import device_name
from medai._bench.subjects import Subject, first_case
from medai._compare import Ranking
from medai._discovery import registry
from medai._engine.data import open_slots
from medai._engine.device import resolve_device
from medai._engine.listener import Listener
from medai._engine.models import build_task
from medai._engine.options import Options
from medai._reproduce.gather import ModelFigures, Result, gather
from medai._reproduce.jobs import Outcome, carry_out_all, is_done
from medai._reproduce.look import Look
from medai._reproduce.order import Order
from medai._reproduce.page import write_page
from medai._reproduce.plan import Plan, Planned, plan
from medai._reproduce.write import write_all
from medai._results.folder import safe_name
from medai._words import listed
from medai.api import Use
from medai.errors import EnvironmentFault, MedaiError


@dataclass
class Rebuilt:
    """A table with what was measured.

    Attributes:
        plan: what was to be done.
        results: a cell each.
        rankings: how the rows of a column compare.
        failures: of the runs that failed, by key.
        folder: of the table's files.
    """

    plan: Plan
    results: list[Result]
    rankings: dict[str, Ranking] = field(default_factory=dict)
    failures: dict[str, Outcome] = field(default_factory=dict)
    folder: Path = Path()


def reproduce(order: Order, root: Path, options: Options, listener: Listener, *, at_once: int = 1) -> Rebuilt:
    """Rebuild a table: make the runs that are missing, measure, compare, and write its files into `ROOT/TABLE`.

    Runs are kept in `ROOT/runs` and shared by all tables that are rebuilt there; one that fails leaves the others.

    Raises:
        UsageError: as `plan`, or there is no such device.
        DataError: none of the runs has data that can be used.
        EnvironmentFault: the device is not there, another process rebuilds a table in that folder, or it cannot be written.
    """
    resolve_device(options.device)
    with _held(root):
        planned = plan(order, order.stub_folder(root))
        failures = _make_runs(planned, root, options, listener, at_once)
        of_models = _measure_models(planned, listener)
        results, rankings = gather(planned, root, {key: outcome.failure for key, outcome in failures.items()}, of_models)
        # A rehearsal takes the place of no table.
        folder = root / safe_name(f"{planned.id.replace('/', '-')}{'-stub' if order.stub else ''}")
        write_all(planned, results, rankings, folder)
        write_page(planned, results, rankings, root, folder)
        return Rebuilt(planned, results, rankings, failures, folder)


@contextmanager
def _held(root: Path) -> Iterator[None]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".lock").acquire(timeout=1):
            yield
    except Timeout:
        raise EnvironmentFault(f"{root}: another process rebuilds a table here") from None
    except PermissionError as error:
        raise EnvironmentFault(f"{root}: {error.strerror}") from error


def _make_runs(planned: Plan, root: Path, options: Options, listener: Listener, at_once: int) -> dict[str, Outcome]:
    missing = [job for job in planned.jobs.values() if not is_done(root, job)]
    listener.stage(f"{planned.id}: {len(planned.cells)} cells, {len(planned.jobs)} runs, {len(planned.jobs) - len(missing)} of them done")
    failures: dict[str, Outcome] = {}
    ended = 0

    def done(outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        title = planned.jobs[outcome.key].title
        if outcome.failure:
            failures[outcome.key] = outcome
            listener.warn(f"[{ended}/{len(missing)}] {title} failed after {outcome.seconds:.0f} s: {outcome.failure}")
        else:
            listener.stage(f"[{ended}/{len(missing)}] {title}: done in {outcome.seconds:.0f} s")

    look = Look()
    _remark_changes(planned, look, root, listener)
    faults = look.faults(missing)
    if faults and len(faults) == len(planned.jobs):
        raise next(iter(faults.values()))
    for key, fault in faults.items():
        done(Outcome(key, 0.0, str(fault), fault.exit_code))
    carry_out_all((job for job in missing if job.key not in faults), root, options, at_once=at_once, listener=listener, done=done)
    return failures


def _remark_changes(planned: Plan, look: Look, root: Path, listener: Listener) -> None:
    changed = look.changed(planned.jobs.values(), root)
    for folder in dict.fromkeys(changed.values()):
        runs = [f"runs/{key}" for key, found in changed.items() if found == folder]
        made = f"{listed(runs)} {'was' if len(runs) == 1 else 'were'} made"
        remark = f"{folder} holds other files than when {made}: delete what is to be made anew"
        planned.remarks.append(remark)
        listener.warn(remark)


def _measure_models(planned: Plan, listener: Listener) -> ModelFigures:
    """Figures of the models themselves: one after the other, when no run is in the way."""
    found: dict[int, float | str] = {}
    known: dict[str, float | str] = {}
    plugin = planned.id.split("/")[0]
    for place, each in enumerate(planned.cells):
        if each.model is None:
            continue
        key = f"{each.cell.metric} {each.model.document['model']}"
        if key not in known:
            listener.stage(f"{each.cell.metric} of {each.cell.row}")
            known[key] = _of_model(each, plugin)
        found[place] = known[key]
    if found:
        # A time says nothing without it.
        threads = torch.get_num_threads()
        machine = f"{device_name(torch.device('cpu'))}, {threads} thread{'' if threads == 1 else 's'}"
        planned.remarks.append(f"figures of the models themselves are of this machine: {machine}")
    return found


def _of_model(planned: Planned, plugin: str) -> float | str:
    assert planned.model is not None
    recipe, metric = planned.model.recipe, planned.cell.metric
    with suppress(MedaiError):
        metric = registry().find("metric", f"{plugin}/{metric}").id
    try:
        task = build_task(recipe.task)
        sample = first_case(open_slots(recipe, {})[0].dataset, task)
        subject = Subject(planned.cell.row, "recipe", planned.model.scale, recipe.model, task, sample)
        figures: Mapping[str, float] = figures_of_model(subject, Use(metric))
    except MedaiError as error:
        return str(error)
    return figure_or_why(figures)


def figure_or_why(figures: Mapping[str, float]) -> float | str:
    """The first of a model's figures, by which the metric is called; or why there is none."""
    name, figure = next(iter(figures.items()))
    return f"{name} cannot be measured of this model, or not on this machine" if math.isnan(figure) else float(figure)
