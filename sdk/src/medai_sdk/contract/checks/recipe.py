"""Checks of a recipe: what it names, and its run on stub data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medai._discovery import load_target, registry
from medai._engine.apply import evaluate_run
from medai._engine.configure import Request, configure, innermost, restore, root_of
from medai._engine.construct import find
from medai._engine.data import SlotData, open_slots
from medai._engine.feed import case_rng
from medai._engine.listener import Listener
from medai._engine.models import FinishedRun
from medai._engine.optim import build_optimizer, build_schedule
from medai._engine.predict import predict_files
from medai._results.folder import RunFolder
from medai.api import Recipe, Train
from medai.errors import MedaiError
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.parts import parts_of, runs_of, serves
from medai_sdk.contract.subjects.ran import Ran, RecipeSubject
from medai_sdk.contract.trials.comparing import difference
from medai_sdk.contract.trials.inputs_as_files import file_of

_SAME = 1e-6
_FILES = ("record", "split", "cases", "summary", "report")


@check("recipe.names-resolve", "every id in it names something, at each scale: task, components, upstream recipes and runs")
def names_resolve(subject: RecipeSubject) -> None:
    recipe = subject.recipe
    registry().find("task", recipe.task)
    for name, id in recipe.upstream.items():
        try:
            registry().find("recipe", id)
        except MedaiError as error:
            raise Broken(f"upstream.{name}: {error}", "name an installed recipe, and require its distribution") from error
    for scale, held in _scaled(subject):
        for part in parts_of(held):
            try:
                part.entry()
            except MedaiError as error:
                raise Broken(f"{part.path}{_at(scale)}: {error}", "name an installed component, and require its distribution") from error
        for path, name in runs_of(held):
            if name not in held.upstream:
                raise Broken(f"{path}{_at(scale)} refers to the run {name!r}, which upstream does not name", "add it to upstream")


@check("recipe.scales-apply", "each of its scales can be laid over it")
def scales_apply(subject: RecipeSubject) -> None:
    for scale in subject.recipe.scales:
        try:
            configure(Request(subject.id, scale=scale))
        except MedaiError as error:
            raise Broken(
                f"scale {scale}: {error}", "give a scale the shape of the recipe: its keys, and parameters that the components have"
            ) from error


@check("recipe.parameters-fit", "parameters are known to their components and of their types, at each scale")
def parameters_fit(subject: RecipeSubject) -> None:
    for scale, held in _scaled(subject):
        for part in parts_of(held):
            try:
                fault = part.fault()
            except MedaiError as error:
                raise NotApplicable("not all that it names can be imported: see recipe.names-resolve") from error
            if fault:
                raise Broken(f"{part.path}{_at(scale)}: {fault}", "see medai show for what a component takes")


@check("recipe.trains-by-known-means", "optimisers and schedules are torch's, with parameters that they take")
def trains_by_known_means(subject: RecipeSubject) -> None:
    if subject.recipe.train is None:
        raise NotApplicable("it learns nothing")
    for scale, held in _scaled(subject):
        train = held.train or Train()
        for turn, use in train.optimizers.items():
            try:
                optimizer = build_optimizer(use, [nn.Parameter(torch.zeros(1))])
                build_schedule(train, optimizer, max(2, train.steps or 1000))
            except MedaiError as error:
                raise Broken(
                    f"train.optimizers.{turn}{_at(scale)}: {error}", "name a class of torch.optim with its own parameters"
                ) from error


@check("recipe.parts-serve-its-task", "its model, loss, metrics and baselines are for its task, or for any")
def parts_serve_its_task(subject: RecipeSubject) -> None:
    for part in parts_of(subject.recipe):
        try:
            entry, task = part.entry(), registry().find("task", subject.recipe.task)
        except MedaiError as error:
            raise NotApplicable("not all that it names is there: see recipe.names-resolve") from error
        if "." not in part.path.removeprefix("baselines.").removeprefix("protocol.metrics.") and not serves(entry, task.id):
            raise Broken(
                f"{part.path} = {entry.id} is for {entry.spec.task}, the recipe for {subject.recipe.task}", "name one for its task"
            )


@check("recipe.runs-on-stub-data", "`medai run --stub` runs it, with its upstream recipes and baselines, and leaves a finished run folder")
def runs_on_stub_data(subject: RecipeSubject) -> None:
    ran = subject.run()
    status = ran.folder.read_record()["status"]
    missing = [name for name in _FILES if not getattr(ran.folder, name).exists()]
    if status != "finished" or missing:
        raise Broken(
            f"the run is {status}" + (f", without {', '.join(missing)}" if missing else ""), "medai run --stub shows where it stops"
        )
    if len(ran.summary["baselines"]) != len(subject.recipe.baselines):
        raise Broken(
            f"{len(ran.summary['baselines'])} of {len(subject.recipe.baselines)} baselines were evaluated", "name each baseline once"
        )
    if not ran.summary["cases"]["used"]:
        raise Broken("no case was evaluated", "give the stub enough cases for every part of the split")


@check("recipe.same-seed-same-figures", "run again, it reaches the same figures")
def same_seed_same_figures(subject: RecipeSubject) -> None:
    first = _figures(subject.finished())
    again = _figures(Ran.of(subject.id, subject.fresh_folder("again"), report=False))
    off = difference(first, again, least=1.0)
    if off > _SAME:
        names = [name for name in first if difference(first[name], again.get(name), least=1.0) > _SAME]
        raise Broken(
            f"run twice with one seed: {', '.join(f'{name} {first[name]:.6g}, then {again.get(name, math.nan):.6g}' for name in names)}",
            "draw from the generator that `read` is given and from torch's own alone",
        )


@check("recipe.evaluates-from-its-run", "the run folder, opened again, reaches the figures that the run reached")
def evaluates_from_its_run(subject: RecipeSubject) -> None:
    ran = subject.finished()
    out = RunFolder(subject.fresh_folder("evaluated"))
    found = evaluate_run(ran.folder.root, (), out, "cpu", Listener())
    first, opened = _values(ran.summary["figures"]), _values(found["figures"])
    if difference(first, opened, least=1.0) > _SAME:
        raise Broken(f"the run says {first}, medai evaluate {opened}", "let state_dict hold all that predictions depend on")


@check("recipe.predicts-from-its-run", "the run answers files that hold what its cases were given, without their references")
def predicts_from_its_run(subject: RecipeSubject) -> None:
    ran = subject.finished()
    paths = _files_for(ran, subject.fresh_folder("given"))
    if not paths:
        raise NotApplicable("medai has no file for what its cases are given, and its dataset no `unlabelled`")
    found = predict_files(ran.folder.root, paths, subject.fresh_folder("answers") / "out", "cpu", Listener())
    if not found.files or found.lost:
        raise Broken(f"of {found.total} files {found.lost} could not be answered", "medai predict on such a file shows why")


def _scaled(subject: RecipeSubject) -> Iterator[tuple[str, Recipe]]:
    """The recipe as it is, and at each scale that can be laid over it."""
    yield "", subject.recipe
    for scale in subject.recipe.scales:
        try:
            yield scale, configure(Request(subject.id, scale=scale)).recipe
        except MedaiError:
            continue  # said by recipe.scales-apply


def _at(scale: str) -> str:
    return f" at the scale {scale}" if scale else ""


def _figures(ran: Ran) -> dict[str, float]:
    """Those of the model and, by its name, of each baseline."""
    held = {"": ran.summary["figures"], **{f"{name}: ": found for name, found in ran.summary["baselines"].items()}}
    return {f"{name}{figure}": value for name, found in held.items() for figure, value in _values(found).items()}


def _values(figures: Mapping[str, Any]) -> dict[str, float]:
    return {name: math.nan if figure["value"] is None else float(figure["value"]) for name, figure in figures.items()}


def _files_for(ran: Ran, folder: Path) -> list[Path]:
    """Unlabelled input: the files that cases were read from where a dataset reads them unlabelled, else what a case was given, written."""
    record = ran.folder.read_record()
    recipe = restore(record).recipe
    runs = {name: FinishedRun.of(ran.folder, item) for name, item in record["upstream"].items()}
    slots = open_slots(recipe, runs)
    own = any(hasattr(load_target(find(innermost(slot.folder).id, "dataset")), "unlabelled") for slot in recipe.data.values())
    if own:
        return list(dict.fromkeys(path for slot in slots for path in _read_from(slot)))
    case = slots[0].cases[0]
    written = file_of(slots[0].own.read(case, case_rng(0, 0, case.id)).inputs, folder)
    return [] if written is None else [written]


def _read_from(slot: SlotData) -> list[Path]:
    """The files of a slot's first case or, where cases do not say, all of its folder."""
    sample = slot.own.read(slot.cases[0], case_rng(0, 0, slot.cases[0].id))
    root = root_of(slot.use)
    files = list(sample.origin.files) if sample.origin is not None else []
    if not files and root is not None:
        files = [Path(root)] if Path(root).is_file() else sorted(path for path in Path(root).rglob("*") if path.is_file())
    return files
