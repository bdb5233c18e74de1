"""How a dataset or a view is opened to be tried: its parameters, its folder of stub data, and what a view stands over."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from medai._discovery import Entry, load_target, registry
from medai._engine.configure import chosen_data
from medai._engine.construct import construct, defaults, signature_of
from medai._engine.data import open_slots, with_views
from medai._engine.feed import case_rng
from medai.api import Recipe, Spec, Use
from medai.errors import DataError, MedaiError, UsageError
from medai.tasks import Case, Dataset, Image, Sample
from medai_sdk.contract.check import Broken
from medai_sdk.contract.subjects.situation import InMemory
from medai_sdk.contract.subjects.untrained import on_stub_data, untrained_runs
from medai_sdk.contract.trials.comparing import copied
from medai_sdk.contract.watching.chance import seed_all
from medai_sdk.stub import INPUTS_OF, samples

STUBS = 8
"""Cases asked for when stub data are written."""
READ = 4
"""Cases that a check reads."""
SEED = 1

_OF_VOLUMES = " of three axes"
_OPTIONS: Mapping[str, Mapping[str, Any]] = {" in 0..1": {}, " in HU": {"unit": "HU"}, _OF_VOLUMES: {"size": (6, 32, 48)}}

Folders = Callable[[str], Path]
"""Makes a fresh empty folder of a name."""


@dataclass(frozen=True)
class Opened:
    """One way in which a dataset, or a view, can be opened.

    Attributes:
        words: which way that is, for messages.
        use: the component with its parameters, and `root` where it reads files; of a view without its `source`.
        task: the task's name; empty where nobody says.
        root: the folder of stub data; None of data that need none, and of a view.
        source: of a view, makes what it stands over; None of a dataset.
        runs: what stands for the runs that its parameters name.
        optional: whether the component need not take it: a view of planes may not know volumes.
        planes: whether it stands over the kit's own planes, which a view of volumes need not know.
    """

    words: str
    use: Use
    task: str
    root: Path | None = None
    source: Callable[[], Dataset[Any, Any]] | None = field(default=None, compare=False)
    runs: Mapping[str, object] = field(default_factory=dict, compare=False)
    optional: bool = False
    planes: bool = False

    def fresh(self, source: Dataset[Any, Any] | None = None, root: Path | None = None) -> Dataset[Any, Any]:
        """The dataset, built anew; of a view over another source, of a dataset in another folder, where they are given."""
        injected: dict[str, Any] = {} if self.source is None else {"source": self.source() if source is None else source}
        params = self.use.params if root is None else {**self.use.params, "root": str(root)}
        made: Dataset[Any, Any] = construct(self.use.id, params, kind="dataset", runs=self.runs, **injected)
        return made


def some(cases: Any, count: int = READ) -> list[Case]:
    """Cases from all over the dataset, the first and the last among them."""
    cases = list(cases)
    return (
        [cases[place] for place in sorted({round(step * (len(cases) - 1) / max(1, count - 1)) for step in range(count)})] if cases else []
    )


def read(dataset: Dataset[Any, Any], case: Case, draw: int = 0) -> Sample[Any, Any]:
    """A case as the engine reads it, in epoch `draw`."""
    return dataset.read(case, case_rng(0, draw, case.id))


def read_some(dataset: Dataset[Any, Any]) -> list[Sample[Any, Any]]:
    """A few cases, as the engine reads them."""
    return [read(dataset, case) for case in some(dataset.cases())]


def read_seeded(dataset: Dataset[Any, Any], case: Case, seed: int = 1) -> Sample[Any, Any]:
    """A case, read when the process's random generators have just been seeded."""
    seed_all(seed)
    return read(dataset, case)


def is_view(target: object) -> bool:
    """Whether a dataset stands over another."""
    return next(iter(signature_of(target)), "") == "source"


def ways(entry: Entry, folders: Folders) -> Iterator[Opened]:
    """Every way in which a dataset or a view can be tried: with its spec's example, as the plugin's recipes use it, with its defaults.

    Raises:
        Broken: there is none.
    """
    target = load_target(entry)
    yield from _views(entry, target, folders) if is_view(target) else _datasets(entry, target, folders)


def _datasets(entry: Entry, target: Any, folders: Folders) -> Iterator[Opened]:
    seen: list[tuple[str, Mapping[str, object]]] = []
    for words, task, params in _parameters(entry, target):
        given = {name: value for name, value in params.items() if name != "root"}
        if (task, given) in seen:
            continue
        seen.append((task, given))
        if "root" not in signature_of(target):
            yield Opened(words, Use(entry.id, given), task)
            continue
        if not hasattr(target, "write_stub"):
            raise Broken(
                "it reads files, and has no write_stub", "offer write_stub(root, n, seed), which fakes n cases as its reader wants them"
            )
        root = folders("contract-data")
        target.write_stub(root, STUBS, SEED)
        yield Opened(words, Use(entry.id, {**given, "root": str(root)}), task, root)


def _parameters(entry: Entry, target: Any) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Where parameters are from, the task, and the parameters."""
    spec = entry.spec
    assert isinstance(spec, Spec)
    if spec.example:
        yield "with its example", spec.task, spec.example
        return
    found = False
    for recipe in _recipes(entry):
        slots = recipe.data.values()
        for use in (*(slot.folder for slot in slots), *(slot.embedded for slot in slots if slot.embedded)):
            for inner in _chain(use):
                if inner.id == entry.id:
                    found = True
                    yield f"as recipe {recipe.name} has it", recipe.task, {k: v for k, v in inner.params.items() if k != "source"}
    required = [name for name in signature_of(target) if name not in defaults(target) and name not in ("root", "source")]
    if not found and required:
        raise Broken(
            f"no recipe of {entry.plugin.distribution} has it, and its parameters {', '.join(required)} have no default",
            f"give its spec an example, such as example={{{required[0]!r}: ...}}",
        )
    if not found:
        yield "with its defaults", spec.task, {}


def _recipes(entry: Entry) -> Iterator[Recipe]:
    for each in registry().entries("recipe"):
        if each.plugin == entry.plugin and isinstance(each.spec, Recipe):
            yield each.spec


def _chain(use: Use) -> Iterator[Use]:
    """A dataset and what it stands over, the outermost first."""
    yield use
    source = use.params.get("source")
    if isinstance(source, Use):
        yield from _chain(source)


def _views(entry: Entry, target: Any, folders: Folders) -> Iterator[Opened]:
    """In the first recipe that has it, over all that it stands over there; and over stub data of every task and input that it takes."""
    spec = entry.spec
    assert isinstance(spec, Spec)
    params: Mapping[str, object] = spec.example
    for recipe in () if spec.example else _recipes(entry):
        inside = _in_recipe(entry, recipe, folders)
        if inside is not None:
            yield inside
            if inside.runs:
                return  # what the run's model takes is known of that recipe's data alone
            params = inside.use.params
            break
    required = [name for name in signature_of(target) if name not in defaults(target) and name not in ("source", *params)]
    if required:
        raise Broken(
            f"no recipe of {entry.plugin.distribution} has it, and its parameters {', '.join(required)} have no default",
            f"give its spec an example, such as example={{{required[0]!r}: ...}}",
        )
    use = Use(entry.id, params)
    for words, task, held in stub_sources(spec):
        of_volumes = words.endswith(_OF_VOLUMES)
        planes = not of_volumes and isinstance(held[0].inputs, Image)
        yield Opened(f"over {words}", use, task, None, functools.partial(_in_memory, held), optional=of_volumes, planes=planes)
    for other in registry().entries("dataset"):
        if other.plugin == entry.plugin and _suits(spec, other):
            for way in _datasets(other, load_target(other), folders):
                yield Opened(f"over {other.id} {way.words}", use, way.task, None, way.fresh)


def stub_sources(spec: Spec) -> Iterator[tuple[str, str, tuple[Sample[Any, Any], ...]]]:
    """Stub data of every task and input that a view takes by its spec: what they are, the task, and the samples."""
    for task, kinds in INPUTS_OF.items():
        for kind in kinds if spec.task in ("", task, f"medai/{task}") else ():
            if not spec.inputs or kind in spec.inputs:
                for words, options in _OPTIONS.items() if kind == "image" else (("", {}),):
                    try:
                        held = tuple(samples(task, kind, n=6, seed=SEED, **options))
                    except UsageError:
                        continue  # volumes, of a task of planes
                    yield f"stub data of {task} of {kind}{words}", task, held


def _in_memory(held: tuple[Sample[Any, Any], ...]) -> Dataset[Any, Any]:
    # Copies: what one check's view does in place, another's does not see.
    return InMemory(tuple(replace(sample, inputs=copied(sample.inputs), reference=copied(sample.reference)) for sample in held))


def _suits(spec: Spec, other: Entry) -> bool:
    """Whether a view of a plugin's own task stands over a dataset of that plugin: medai's own tasks have stub data."""
    target = load_target(other)
    own = spec.task.removeprefix("medai/") not in ("", *INPUTS_OF)
    return own and isinstance(other.spec, Spec) and other.spec.task == spec.task and not is_view(target)


def _in_recipe(entry: Entry, recipe: Recipe, folders: Folders) -> Opened | None:
    """The view where a recipe has it, over what is beneath it there; None where the recipe does not have it, or cannot be opened, which
    is said where the recipe itself is tried."""
    if not any(use.id == entry.id for use in _all_datasets(recipe)):
        return None
    try:
        resolved, runs = on_stub_data(f"{entry.plugin.name}/{recipe.name}", folders).recipe, untrained_runs(recipe, folders)
        beneath = open_slots(resolved, runs)[0].own
    except MedaiError:
        return None
    words = f"as recipe {recipe.name} has it"
    for use in (inner for outer, _ in chosen_data(resolved).values() for inner in _chain(outer)):
        source = use.params.get("source")
        if use.id == entry.id and isinstance(source, Use):
            own = Use(entry.id, {name: value for name, value in use.params.items() if name != "source"})
            make = functools.partial(construct, source.id, source.params, kind="dataset", runs=runs)
            return Opened(words, own, resolved.task, None, make, runs)
    views = (*resolved.views, *(resolved.train.views if resolved.train else ()))
    place = next((number for number, view in enumerate(views) if view.id == entry.id), None)
    if place is None:
        return None  # it is in data that were not chosen
    return Opened(words, views[place], resolved.task, None, functools.partial(with_views, beneath, views[:place], runs), runs)


def _all_datasets(recipe: Recipe) -> Iterator[Use]:
    """Every dataset and view in a recipe."""
    for slot in recipe.data.values():
        yield from _chain(slot.folder)
        yield from _chain(slot.embedded) if slot.embedded else ()
    yield from recipe.views
    yield from recipe.train.views if recipe.train else ()


class Watched:
    """A dataset that counts what is asked of it, and may refuse."""

    def __init__(self, inner: Dataset[Any, Any], *, refuses: bool = False) -> None:
        self._inner, self._refuses = inner, refuses
        self.read_ids: list[str] = []
        for name in ("facts", "single_subject"):
            if hasattr(inner, name):
                setattr(self, name, getattr(inner, name))

    def cases(self) -> Any:
        """The cases."""
        return self._inner.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The case.

        Raises:
            DataError: it is to refuse.
        """
        self.read_ids.append(case.id)
        if self._refuses:
            raise DataError("the source cannot read it")
        return self._inner.read(case, rng)
