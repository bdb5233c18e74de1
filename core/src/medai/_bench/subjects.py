"""What is measured: a model, a recipe's model or that of a finished run, with a case that it answers."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from medai._bench.sizes import Size, sized_sample
from medai._discovery import Entry, load_target, registry
from medai._engine.apply import Opened
from medai._engine.configure import PAPER, Configuration, Request, chosen_data, configure, informed
from medai._engine.construct import defaults
from medai._engine.data import facts_of, open_slots, part
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.models import build_predictor, build_task, trained_predictor, without_start
from medai._results.folder import RunFolder, read_json
from medai.api import ModelSpec, Recipe, Use
from medai.errors import UsageError
from medai.tasks import Case, Dataset, Image, Predictor, Sample, Task

_SIZE = 256
"""Pixels along each side of a made-up image, where nothing says another size."""


@dataclass(frozen=True)
class Subject:
    """A model to measure.

    Attributes:
        name: how it is called: an id, a file or a run folder.
        kind: what that is.
        scale: the recipe's scale; empty where it is none.
        use: the model and its parameters.
        task: the task.
        sample: a case that it answers, without a reference.
        run: the finished run whose weights it has; None: they are as it is built.
    """

    name: str
    kind: Literal["model", "recipe", "run"]
    scale: str
    use: Use
    task: Task[Any, Any, Any]
    sample: Sample[Any, Any]
    run: RunFolder | None = None

    def build(self, device: torch.device) -> Predictor[Any]:
        """The model on a device; without published weights that it would start from, which change nothing of what it costs."""
        if self.run is not None:
            return trained_predictor(self.run, device)
        return build_predictor(without_start(self.use), self.task, device=device, seed=0)


def subject_of(name: str, *, scale: str | None = None, assignments: Sequence[str] = (), size: Size | None = None) -> Subject:
    """A model's or recipe's id, a recipe's file or a run folder as what is measured; an id of both is the recipe.

    A recipe's input is a case of its embedded data, else of its stub data; a model's is that of a recipe that names it, else an image.

    Raises:
        UsageError: there is no such id; a scale or a value is wrong; or it has no image, and a size is given.
        DataError: a folder is no run folder, or its data cannot be read.
    """
    found = _found(name, scale, assignments)
    return dataclasses.replace(found, sample=sized_sample(found.sample, size))


def _found(name: str, scale: str | None, assignments: Sequence[str]) -> Subject:
    if RunFolder(Path(name)).record.exists():
        if scale is not None or assignments:
            raise UsageError(f"{name} is a run, which keeps its own configuration: --scale and --set are for recipes and models")
        return of_run(Path(name))
    entry = None if name.endswith(".toml") else _entry(name)
    if entry is not None and entry.kind == "model":
        return _of_model(entry, scale, assignments)
    id = name if entry is None else entry.id
    configuration, sample = _with_case(Request(id, scale=scale or PAPER, assignments=tuple(assignments)))
    recipe = configuration.recipe
    return Subject(id, "recipe", configuration.scale, recipe.model, build_task(recipe.task), sample)


def of_run(root: Path) -> Subject:
    """The model of a finished run, with the first of its test cases.

    Raises:
        DataError: it is no run folder, or its data cannot be read any more.
    """
    opened = Opened.at(root, "cpu")
    recipe = opened.configuration.recipe
    task = build_task(recipe.task)
    roles = read_json(opened.folder.split, "the run has no split.json")["cases"]
    sample = first_case(part(open_slots(recipe, opened.runs), roles, "test"), task)
    return Subject(str(root), "run", opened.configuration.scale, recipe.model, task, sample, opened.folder)


def _entry(name: str) -> Entry:
    try:
        found = registry().find_all(name)
    except UsageError:
        if Path(name).exists():
            RunFolder(Path(name)).read_record()  # says why it is none
        raise
    kinds = [entry.kind for entry in found]
    for kind in ("recipe", "model"):
        if kind in kinds:
            return registry().find(kind, name)
    raise UsageError(f"{name} is the {kinds[0]} {found[0].id}: what is measured is a model, a recipe or a run folder")


def _of_model(entry: Entry, scale: str | None, assignments: Sequence[str]) -> Subject:
    """A model as it is by default, on the data of a recipe that names it."""
    if scale is not None:
        raise UsageError(f"{entry.id} is a model, which has no scale {scale!r}: scales are recipes'")
    spec = entry.spec
    assert isinstance(spec, ModelSpec)
    named = _naming(entry)
    if named is not None:
        recipe = dataclasses.replace(named, model=Use(entry.id), scales={}, baselines=())
        configuration, sample = _with_case(Request(recipe, scale=PAPER, assignments=tuple(assignments)))
    elif spec.task and (not spec.inputs or "image" in spec.inputs):
        recipe = Recipe(name=entry.id, task=spec.task, model=Use(entry.id), data={})
        configuration = configure(Request(recipe, scale=PAPER, assignments=tuple(assignments)))
        sample = _made_up(configuration.recipe.model, load_target(entry))
    else:
        raise UsageError(f"no recipe names {entry.id}, so that it has no input: take a recipe, and --set 'model={{use=\"{entry.id}\"}}'")
    return Subject(entry.id, "model", "", configuration.recipe.model, build_task(configuration.recipe.task), sample)


def _naming(entry: Entry) -> Recipe | None:
    """A recipe that names a model, its own plugin's before others, and as its model before a baseline."""
    recipes = sorted(registry().entries("recipe"), key=lambda each: each.plugin != entry.plugin)
    specs = [each.spec for each in recipes if isinstance(each.spec, Recipe) and not each.spec.upstream]
    own = (spec for spec in specs if spec.model.id == entry.id)
    return next(own, None) or next((spec for spec in specs if any(use.id == entry.id for use in spec.baselines)), None)


def _with_case(request: Request) -> tuple[Configuration, Sample[Any, Any]]:
    """A request resolved on the recipe's own data, with the first case of them."""
    with tempfile.TemporaryDirectory() as scratch:
        configuration = configure(request)
        if configuration.recipe.upstream:
            raise UsageError(f"{configuration.id} stands on earlier runs: run it, and measure the run")
        if not _has_data(configuration.recipe):
            configuration = configure(dataclasses.replace(request, stub=True), stub_root=Path(scratch))
        slots = open_slots(configuration.recipe, {})
        configuration = informed(configuration, facts_of(slots))
        return configuration, first_case(slots[0].dataset, build_task(configuration.recipe.task))


def _has_data(recipe: Recipe) -> bool:
    try:
        chosen_data(recipe)
    except UsageError:
        return False
    return True


def first_case(dataset: Dataset[Any, Any], task: Task[Any, Any, Any]) -> Sample[Any, Any]:
    """The first case that can be used."""
    feed = CaseFeed(dataset, task, part="measuring", seed=0, workers=0, quarantine=Quarantine(1.0))
    samples: Iterator[Sample[Any, Any]] = feed.samples()
    return next(samples)


def _made_up(model: Use, target: object) -> Sample[Any, Any]:
    """An image of values from 0 to 1, of as many channels as the model's parameters say."""
    given: Mapping[str, object] = {**defaults(target), **model.params}
    channels = given.get("channels")
    pixels = torch.rand(channels if isinstance(channels, int) else 1, _SIZE, _SIZE, generator=torch.Generator().manual_seed(0))
    return Sample(Case("made-up", "made-up"), Image(pixels))
