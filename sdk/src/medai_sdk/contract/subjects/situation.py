"""What a component is tried in: its parameters, the data that it gets, and whatever else stands around it in training."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medai._discovery import Entry, load_target, registry
from medai._engine.configure import Configuration, Request, configure, informed, innermost
from medai._engine.construct import defaults, made_by_a_function, missing
from medai._engine.data import facts_of, open_slots, with_views
from medai._engine.feed import case_rng
from medai._engine.models import build_task
from medai.api import Recipe, Spec, Train, Use
from medai.errors import DataError, MedaiError
from medai.tasks import Case, Dataset, Sample, Task
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.stub import INPUTS_OF, samples

_CASES = 6
"""Read of each data set: enough for two batches of different cases."""


@dataclass(frozen=True)
class Situation:
    """Where a component stands while it is tried.

    Attributes:
        words: where the situation is from, for messages: a recipe's id, or stub data of a task.
        task: the task's name.
        use: the component with the parameters to try it with.
        model: the model beside it; of a model, itself; None where there is none.
        loss: the loss beside it; None where the model brings its own, or there is none.
        train: how it learns.
        given: samples as evaluation sees them.
        training: samples as training sees them, alike in shape, so that they stack.
        names_it: whether it is a recipe that names the component itself, not one in which it is a part of another or stands beside.
    """

    words: str
    task: str
    use: Use
    model: Use | None
    loss: Use | None
    train: Train
    given: tuple[Sample[Any, Any], ...]
    training: tuple[Sample[Any, Any], ...]
    names_it: bool = False

    def build_task(self) -> Task[Any, Any, Any]:
        """The task."""
        return build_task(self.task)


def situations(entry: Entry) -> Iterator[Situation]:
    """Where a component can be tried, the best first: with its spec's example, in a recipe of its plugin, on stub data of its task.

    Raises:
        Broken: it has required parameters, and neither an example nor a recipe says them.
        NotApplicable: of the recipes that use it, the data cannot be read: what it answers to others would say nothing of it.
    """
    assert isinstance(entry.spec, Spec)
    unread: list[Unread] = []
    if not entry.spec.example:
        for recipe in registry().entries("recipe"):
            if recipe.plugin == entry.plugin and isinstance(recipe.spec, Recipe):
                try:
                    yield from _in_recipe(entry, recipe)
                except Unread as error:
                    unread.append(error)
    if unread:
        raise NotApplicable(str(unread[0])) from unread[0]
    target = load_target(entry)
    if required := missing(target, entry.spec.example):
        mend = f"give its spec an example, such as example={{{required[0]!r}: ...}}, small and without a download"
        if entry.kind in ("loss", "metric") and inspect.isfunction(target):
            mend = f"{made_by_a_function(entry.kind)}: name a class; or, if it does return one, {mend}"
        raise Broken(f"no recipe of {entry.plugin.distribution} uses it, and its parameters {', '.join(required)} have no default", mend)
    yield from _on_stubs(entry, {**defaults(target), **entry.spec.example})
    if entry.kind in ("metric", "exporter"):
        yield from _beside_recipes(entry)


def read_some(dataset: Dataset[Any, Any], count: int = _CASES) -> tuple[Sample[Any, Any], ...]:
    """The first cases of a data set, as the engine reads them."""
    return tuple(dataset.read(case, case_rng(0, 0, case.id)) for case in dataset.cases()[:count])


def _in_recipe(entry: Entry, recipe: Entry) -> Iterator[Situation]:
    spec = recipe.spec
    assert isinstance(spec, Recipe)
    if spec.upstream or not any(_named(entry.id, use) for use in _uses(spec)):
        return
    try:
        configuration, given, training = on_stub_data(recipe.id)
    except Unread:
        raise
    except MedaiError:
        # That it does not run is said where the recipe itself is tried.
        return
    resolved = configuration.recipe
    for use in _uses(resolved):
        found = _named(entry.id, use)
        if found is not None:
            train, names_it = resolved.train or Train(steps=1), use.id == entry.id
            yield Situation(f"recipe {recipe.id}", resolved.task, found, resolved.model, resolved.loss, train, given, training, names_it)
            return


def _beside_recipes(entry: Entry) -> Iterator[Situation]:
    """On the data of its plugin's recipes, which need not name it: they may be of a task that the kit has no data of."""
    assert isinstance(entry.spec, Spec)
    use = Use(entry.id, dict(entry.spec.example))
    for recipe in registry().entries("recipe"):
        spec = recipe.spec
        if recipe.plugin == entry.plugin and isinstance(spec, Recipe) and entry.spec.task in ("", spec.task) and not spec.upstream:
            try:
                configuration, given, training = on_stub_data(recipe.id)
            except MedaiError:
                continue
            held = configuration.recipe
            yield Situation(f"recipe {recipe.id}", held.task, use, held.model, held.loss, held.train or Train(steps=1), given, training)


class Unread(DataError):
    """The stub data of a recipe cannot be read as its task wants them, which is their dataset's fault."""


def on_stub_data(id: str) -> tuple[Configuration, tuple[Sample[Any, Any], ...], tuple[Sample[Any, Any], ...]]:
    """A recipe on its stub data, or on its embedded data where it has no other, and samples of them without and with training's views.

    Raises:
        MedaiError: it cannot be resolved; `Unread` where it is, and its data are at fault.
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            configuration = configure(Request(id, stub=True), stub_root=Path(scratch))
        except MedaiError:
            configuration = configure(Request(id))
        slots = open_slots(configuration.recipe, {})
        configuration = informed(configuration, facts_of(slots))
        train = configuration.recipe.train
        dataset, task = slots[0].dataset, build_task(configuration.recipe.task)
        try:
            given, training = (read_some(each) for each in (dataset, with_views(dataset, train.views if train else (), {})))
            for sample in (*given, *training):
                task.check(sample)
        except (Exception, SystemExit) as error:
            raise Unread(f"its data could not be read: see dataset {innermost(slots[0].use).id}, in recipe {id}") from error
        return configuration, given, training


def _uses(recipe: Recipe) -> Iterator[Use]:
    yield recipe.model
    yield from filter(None, (recipe.loss,))
    yield from recipe.baselines
    yield from recipe.protocol.metrics


def _named(id: str, value: object) -> Use | None:
    """The component of that id in a component and its parameters."""
    if isinstance(value, Use):
        return value if value.id == id else _named(id, value.params)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for item in inner if (found := _named(id, item)) is not None), None)


def _on_stubs(entry: Entry, parameters: Mapping[str, object]) -> Iterator[Situation]:
    spec = entry.spec
    assert isinstance(spec, Spec)
    use = Use(entry.id, dict(spec.example))
    named = {name: value for name in ("channels", "classes") if isinstance(value := parameters.get(name), int)}
    for task, offered in INPUTS_OF.items():
        if spec.task in ("", task, f"medai/{task}"):
            for kind in offered:
                if not spec.inputs or kind in spec.inputs:
                    for words, options in _stub_options(kind, task, named, learns=entry.kind in ("model", "loss")):
                        found = tuple(samples(task, kind, n=_CASES, seed=0, **options))
                        model = use if entry.kind == "model" else None
                        yield Situation(f"stub data: {task} of {kind}{words}", task, use, model, None, Train(steps=1), found, found)


def _stub_options(kind: str, task: str, named: Mapping[str, int], *, learns: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """What stub data are like, the likeliest first, with words for what they are besides: as the parameters say; as they are by default,
    since `channels` may be the width of a network; and as large as networks want them that take one size alone. For a network, then in
    three colours, as volumes, and in HU: it may take those alone, and needs no parameter that says so."""
    yield from _with_and_without(named, {"size": (64, 64)})
    if kind != "image":
        return
    yield from _with_and_without(named, {"size": (224, 224)})
    if not learns:
        return
    for side in (64, 224):
        yield from _with_and_without(named, {"size": (side, side), "channels": 3}, " of three channels")
    for size in ((32, 32, 32), (32, 64, 64)) if task != "detection" else ():
        yield from _with_and_without(named, {"size": size}, " of three axes")
    yield from _with_and_without(named, {"size": (64, 64), "unit": "HU"}, " in HU")
    if task != "detection":
        yield from _with_and_without(named, {"size": (32, 32, 32), "unit": "HU"}, " of three axes in HU")


def _with_and_without(named: Mapping[str, int], options: Mapping[str, Any], words: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield words, {**named, **options}
    if named:
        yield words, dict(options)


class InMemory:
    """Samples as a data set, so that views and feeds can stand over them."""

    def __init__(self, held: tuple[Sample[Any, Any], ...]) -> None:
        self._held = {sample.case.id: sample for sample in held}

    def cases(self) -> list[Case]:
        """Their cases."""
        return [sample.case for sample in self._held.values()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The sample; `rng` is not used."""
        return self._held[case.id]
