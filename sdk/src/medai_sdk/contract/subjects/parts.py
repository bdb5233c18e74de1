"""The components that a recipe names, with the place of each; and what is wrong with their parameters, found without building them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medai._discovery import Entry, load_target, registry
from medai._engine.construct import check, find, signature_of
from medai.api import Recipe, RunRef, Slot, Spec, Use
from medai.errors import MedaiError


@dataclass(frozen=True)
class Part:
    """A component in a recipe.

    Attributes:
        path: its place, such as `data.ct.folder.source`.
        kind: its kind; empty where it is a parameter, whose kind is not known.
        use: id and parameters.
        view: whether it is given its `source` by the engine.
        folder: whether a user's folder is still to be given to it.
    """

    path: str
    kind: str
    use: Use
    view: bool = False
    folder: bool = False

    def entry(self) -> Entry:
        """What it names.

        Raises:
            MedaiError: nothing, or several things.
        """
        return registry().find(self.kind, self.use.id) if self.kind else find(self.use.id)

    def fault(self) -> str:
        """What is wrong with its parameters: one that is not known, missing, or of another type; empty where nothing is."""
        plain = {name: value for name, value in self.use.params.items() if not _holds_parts(value)}
        target = load_target(self.entry())
        unknown = [name for name in self.use.params if name not in signature_of(target)]
        given = plain | {name: self.use.params[name] for name in unknown}
        built = {name: None for name in self.use.params if name not in plain}
        injected: dict[str, object] = {**built, **({"source": None} if self.view else {}), **({"root": None} if self.folder else {})}
        try:
            check(self.use.id, target, given, injected=injected)
        except MedaiError as error:
            return str(error)
        return ""


def parts_of(recipe: Recipe) -> Iterator[Part]:
    """All that a recipe names, also within parameters."""
    yield from _within(Part("model", "model", recipe.model))
    if recipe.loss is not None:
        yield from _within(Part("loss", "loss", recipe.loss))
    for name, slot in recipe.data.items():
        yield from _of_slot(f"data.{name}", slot)
    for place, use in enumerate(recipe.baselines):
        yield from _within(Part(f"baselines.{place}", "model", use))
    for place, use in enumerate(recipe.protocol.metrics):
        yield from _within(Part(f"protocol.metrics.{place}", "metric", use))
    views = {"views": recipe.views, "train.views": recipe.train.views if recipe.train is not None else ()}
    for path, uses in views.items():
        for place, use in enumerate(uses):
            yield from _within(Part(f"{path}.{place}", "dataset", use, view=True))


def runs_of(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The place and the name of each upstream run that stands as a parameter."""
    for part in parts_of(recipe):
        yield from ((f"{part.path}.{name}", value.name) for name, value in part.use.params.items() if isinstance(value, RunRef))


def _of_slot(path: str, slot: Slot) -> Iterator[Part]:
    yield from _within(Part(f"{path}.folder", "dataset", slot.folder), folder=True)
    if slot.embedded is not None:
        yield from _within(Part(f"{path}.embedded", "dataset", slot.embedded))


def _within(part: Part, *, folder: bool = False) -> Iterator[Part]:
    source = part.use.params.get("source")
    innermost = folder and not isinstance(source, Use)
    yield Part(part.path, part.kind, part.use, part.view, innermost)
    for name, value in part.use.params.items():
        for place, inner in _uses(value):
            kind = "dataset" if name == "source" and part.kind == "dataset" else ""
            yield from _within(Part(f"{part.path}.{name}{place}", kind, inner), folder=folder and name == "source")


def _uses(value: object) -> Iterator[tuple[str, Use]]:
    if isinstance(value, Use):
        yield "", value
    elif isinstance(value, Mapping):
        yield from ((f".{key}{place}", use) for key, item in value.items() for place, use in _uses(item))
    elif isinstance(value, list | tuple):
        yield from ((f".{number}{place}", use) for number, item in enumerate(value) for place, use in _uses(item))


def _holds_parts(value: object) -> bool:
    return isinstance(value, RunRef) or any(True for _ in _uses(value))


def serves(entry: Entry, task: str) -> bool:
    """Whether a component is for a task."""
    spec = entry.spec
    return isinstance(spec, Spec) and (not spec.task or registry().find("task", spec.task) == registry().find("task", task))
