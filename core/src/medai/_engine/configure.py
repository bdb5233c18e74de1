"""Resolving a recipe: defaults, then its scale, then the user's file, then the command line; every value keeps its origin."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medai._discovery import load_target, registry
from medai._engine.bounds import check_bounds
from medai._engine.construct import defaults, find, kind_of_parameter, signature_of, types_of
from medai._engine.document import Document, flatten, from_document, overlay, parse_assignment, read_toml, to_document
from medai._words import listed, nearest
from medai.api import Recipe, Slot, Use
from medai.errors import PluginError, UsageError

PAPER = "paper"
STUB_CASES = 8
_STUB_TRAINING = {"batch": 2, "steps": 4, "validate_every": 2, "save_every": 2}
_DATASET_PREFIX = re.compile(r"^([a-z0-9-]+/[a-z0-9-]+|[a-z0-9-]{2,}):(?!//)(.+)$")
_KINDS = {"data": "dataset", "views": "dataset", "model": "model", "baselines": "model", "loss": "loss", "metrics": "metric"}
"""What stands at a key of a recipe."""
_IDENTITY = ("name", "summary", "scales", "protocols", "implements", "source", "license", "data", "known_failures", "former_names")


@dataclass(frozen=True)
class Request:
    """What a user asks for: a recipe, its id or a TOML file, and what is laid over it.

    `assignments` are texts of the command line (`path=value`), `overrides` values by path of a program, `slots` stand in place of the
    recipe's own of those names, and `protocol` is the name of one of its protocols, or empty for its own.
    """

    recipe: str | Recipe
    data: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()
    scale: str | None = None
    stub: bool = False
    overrides: Mapping[str, object] = field(default_factory=dict)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    protocol: str = ""

    @property
    def name(self) -> str:
        """What its run is called after."""
        if isinstance(self.recipe, Recipe):
            return self.recipe.name
        return Path(self.recipe).stem if self.recipe.endswith(".toml") else self.recipe


@dataclass(frozen=True)
class Configuration:
    """A resolved recipe.

    `document` is the recipe as plain data; `origins` says for each dotted path where its value came from when it is not the recipe;
    `departures` are the values that differ from the recipe's own, as (path, the recipe's, ours).
    """

    id: str
    recipe: Recipe
    document: Document
    scale: str
    origins: Mapping[str, str] = field(default_factory=dict)
    departures: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def plugin(self) -> str:
        """The plugin that the recipe is of, or `` for a user's file."""
        return self.id.split("/")[0] if "/" in self.id and not self.id.endswith(".toml") else ""


def configure(request: Request, stub_root: Path | None = None) -> Configuration:
    """Resolve a request.

    `stub_root` is where stub data are written when the request asks for them.

    Raises:
        UsageError: the recipe, a key, a value, a scale or a slot is wrong, or a value is set of a folder where none is read.
    """
    id, own, in_file = _load(request.recipe)
    scale_in_file = in_file.pop("scale", None)
    scale = scale_in_file if request.scale is None else request.scale
    own = own | _slots(own, request.slots)
    given = overlay(own, in_file)
    recipe: Recipe = from_document(Recipe, given)
    data = _data_overrides(recipe, request.data)
    if request.stub:
        # Slots of the request that have a folder stand on stub data already.
        bare = [name for name in recipe.data if name not in request.slots or root_of(request.slots[name].folder) is None]
        if bare and stub_root is None:
            raise UsageError("stub data need a run folder")
        data = data if stub_root is None else _write_stubs(recipe, data, stub_root, bare)
    given = overlay(given, data)
    embedded = not any(root_of(slot.folder) is not None for slot in from_document(Recipe, given).data.values())
    scale = scale or (("quick" if embedded or request.stub else PAPER) if "quick" in recipe.scales else PAPER)
    assignments = dict(parse_assignment(text) for text in request.assignments)
    layers = [
        (f"scale {scale}", _scale(recipe, scale)),
        (f"protocol {request.protocol}", _protocol(recipe, request.protocol)),
        (f"file {request.name}.toml", in_file),
        ("stub data", {"train": _STUB_TRAINING} if request.stub and recipe.train is not None else {}),
        ("stub data" if request.stub else "command line", data),
        ("command line", assignments),
        ("program", request.overrides),
    ]
    document: Document = own
    origins: dict[str, str] = {}
    for origin, layer in layers:
        before = dict(flatten(document))
        document = overlay(document, layer)
        origins |= {path: origin for path, value in flatten(document) if before.get(path, ...) != value}
    found = _configuration(id, own, document, scale, origins)
    _refuse_unread(found.recipe, assignments)
    return found


def restore(record: Mapping[str, Any]) -> Configuration:
    """The configuration that a run folder's `run.json` holds."""
    return Configuration(
        id=record["recipe"],
        recipe=from_document(Recipe, record["configuration"]),
        document=record["configuration"],
        scale=record["scale"],
        origins=record["origins"],
        departures=tuple((item["path"], item["recipe"], item["run"]) for item in record["departures"]),
    )


def with_data(configuration: Configuration, data: Sequence[str]) -> Configuration:
    """The same configuration on other folders (`NAME=[DATASET:]PATH`)."""
    document = overlay(configuration.document, _data_overrides(configuration.recipe, data))
    return dataclasses.replace(configuration, recipe=from_document(Recipe, document), document=document)


def renamed_groups(configuration: Configuration, names: Mapping[str, str]) -> Configuration:
    """The same configuration with other names for the groups that its split names."""

    def rename(value: Any) -> Any:
        return [names.get(item, item) for item in value] if isinstance(value, list) else value

    paths = ("protocol.split.test", "protocol.split.valid")
    split = configuration.document["protocol"]["split"]
    document = overlay(configuration.document, {path: rename(split[path.rsplit(".", 1)[1]]) for path in paths})
    departures = tuple((path, own, rename(ours) if path in paths else ours) for path, own, ours in configuration.departures)
    return dataclasses.replace(configuration, recipe=from_document(Recipe, document), document=document, departures=departures)


def informed(configuration: Configuration, facts: Mapping[str, object]) -> Configuration:
    """The configuration with what its data say of themselves, by path; whatever recipe or user says stands, and a path to a parameter
    that the component there does not take is passed over."""
    stated = dict(flatten(configuration.document))
    fresh = {path: value for path, value in facts.items() if path not in stated and _takes(configuration.document, path)}
    if not fresh:
        return configuration
    document = overlay(configuration.document, fresh)
    origins = {**configuration.origins, **dict.fromkeys(fresh, "the data")}
    return dataclasses.replace(configuration, recipe=from_document(Recipe, document), document=document, origins=origins)


def chosen_data(recipe: Recipe) -> dict[str, tuple[Use, bool]]:
    """For each slot, the dataset to use and whether it is the embedded one.

    Raises:
        UsageError: a slot has neither a folder nor an embedded dataset, or only some slots were given a folder.
    """
    given = {name for name, slot in recipe.data.items() if root_of(slot.folder) is not None}
    chosen = {}
    for name, slot in recipe.data.items():
        if name in given:
            chosen[name] = (slot.folder, False)
        elif slot.embedded is not None and not given:
            chosen[name] = (slot.embedded, True)
        else:
            why = "embedded data are not mixed with a user's" if slot.embedded is not None else "it has no embedded data"
            raise UsageError(f"the slot {name!r} of {recipe.name} needs a folder: --data {name}=PATH ({why})")
    return chosen


def root_of(use: Use) -> str | None:
    """The folder that the innermost source of a chain of views reads, if one is set."""
    inner = innermost(use)
    return None if inner.params.get("root") is None else str(inner.params["root"])


def innermost(use: Use) -> Use:
    """The dataset at the bottom of a chain of views."""
    source = use.params.get("source")
    return innermost(source) if isinstance(source, Use) else use


def with_defaults(value: Any, kind: str | None = None) -> Any:
    """A document with every component's default parameters written out, for people to read; a component in it is of that kind, or of
    the kind that its place says: ids are unique per kind alone."""
    if isinstance(value, list):
        return [with_defaults(item, kind) for item in value]
    if not isinstance(value, Mapping):
        return value
    if not isinstance(value.get("use"), str) or "/" not in value["use"]:
        return {key: with_defaults(item, _KINDS.get(key, kind)) for key, item in value.items()}
    target = load_target(find(value["use"], kind))
    filled = {key: with_defaults(item, kind_of_parameter(target, key)) for key, item in value.items()}
    return filled | {key: to_document(item) for key, item in defaults(target).items() if key not in filled}


def _load(name: str | Recipe) -> tuple[str, Document, Document]:
    """Id, the recipe's own document, and what a user's file lays over it."""
    if isinstance(name, Recipe):
        return name.name, to_document(name), {}
    if not name.endswith(".toml"):
        entry = registry().find("recipe", name)
        return entry.id, to_document(entry.spec), {}
    path = Path(name)
    document = read_toml(path)
    base = document.pop("extends", None)
    if base is None:
        scale = {"scale": document.pop("scale")} if "scale" in document else {}
        return path.name, {"name": path.stem, **document}, scale
    if not isinstance(base, str):
        raise UsageError(f"{path}: extends = {base!r}: a recipe's id is wanted")
    id, own, _ = _load(base)
    return id, own, document


def _takes(document: Document, path: str) -> bool:
    """Whether there is a place for a path's value: in a table of its own, or as a parameter of a component."""
    *parents, name = path.split(".")
    place: Any = document
    for key in parents:
        place = place.get(key) if isinstance(place, Mapping) else None
    if not isinstance(place, Mapping) or "use" not in place:
        return isinstance(place, Mapping)
    kind = "dataset" if parents[0] == "data" else parents[0]
    return name in signature_of(load_target(find(place["use"], kind)))


def _scale(recipe: Recipe, scale: str) -> Mapping[str, Any]:
    if scale == PAPER:
        return {}
    if scale not in recipe.scales:
        raise UsageError(f"{recipe.name} has no scale {scale!r}{nearest(scale, [PAPER, *recipe.scales])}")
    # As plain data: a component in it is laid over the recipe's, it need not replace it.
    document: Document = to_document(recipe.scales[scale])
    return document


def _protocol(recipe: Recipe, name: str) -> Mapping[str, Any]:
    if not name:
        return {}
    if name not in recipe.protocols:
        raise UsageError(f"{recipe.name} has no protocol {name!r}{nearest(name, recipe.protocols)}")
    document: Document = to_document(recipe.protocols[name])
    return {"protocol": document}


def _slots(own: Document, slots: Mapping[str, Slot]) -> Document:
    """The recipe's slots, those of the request in place of theirs: whole, because a component in them is no change of the recipe's."""
    for name in slots:
        if name not in own["data"]:
            raise UsageError(f"{own['name']} has no data slot {name!r}{nearest(name, own['data'])}")
    return {"data": {**own["data"], **{name: to_document(slot) for name, slot in slots.items()}}} if slots else {}


def _data_overrides(recipe: Recipe, data: Sequence[str]) -> dict[str, Any]:
    overrides = {}
    for text in data:
        name, separator, rest = text.partition("=")
        if not separator:
            if len(recipe.data) != 1:
                raise UsageError(f"--data {text!r}: wanted NAME=PATH, where NAME is {listed(recipe.data)}")
            name, rest = next(iter(recipe.data)), text
        if name not in recipe.data:
            raise UsageError(f"{recipe.name} has no data slot {name!r}{nearest(name, recipe.data)}")
        overrides[f"data.{name}.folder"] = to_document(folder_of(recipe.data[name], rest))
    return overrides


def folder_of(slot: Slot, text: str) -> Use:
    """The slot's dataset on the folder `PATH`, or another dataset, of `DATASET:PATH`, with what the recipe says of the slot's own by
    parameters that the other has too, of one name and type: it is the method's, which pairs it learns from or how long a sequence may be.

    Raises:
        UsageError: there is no such dataset.
    """
    match = _DATASET_PREFIX.match(text)
    if match and not Path(text).exists():
        entry = registry().find("dataset", match[1])
        return with_root(Use(entry.id, _shared(slot.folder, load_target(entry))), match[2])
    return with_root(slot.folder, text)


def _shared(own: Use, other: object) -> dict[str, object]:
    """Nothing of a chain of views: it is replaced as a whole. Of one name and another type is another thing: a dose in % and as a share."""
    if "source" in own.params or not own.params:
        return {}
    mine, theirs = types_of(load_target(registry().find("dataset", own.id))), types_of(other)
    return {name: value for name, value in own.params.items() if name in theirs and theirs[name] == mine.get(name)}


def with_root(use: Use, root: str) -> Use:
    """The dataset, its innermost source reading the folder `root`."""
    source = use.params.get("source")
    if isinstance(source, Use):
        return Use(use.id, {**use.params, "source": with_root(source, root)})
    return Use(use.id, {**use.params, "root": str(Path(root).expanduser().absolute())})


def _refuse_unread(recipe: Recipe, paths: Iterable[str]) -> None:
    """What is set of a folder's dataset would be lost on a slot whose embedded data are read."""
    if any(root_of(slot.folder) is not None for slot in recipe.data.values()):
        return
    for path in paths:
        top, name, *rest = [*path.split("."), "", ""]
        if top == "data" and rest[0] == "folder" and recipe.data[name].embedded is not None:
            raise UsageError(
                f"--set {path}: the slot {name!r} of {recipe.name} reads its embedded data, of which that says nothing: "
                f"--data {name}=PATH is missing (data.{name}.embedded is what can be set of them)"
            )


def _write_stubs(recipe: Recipe, given: Mapping[str, Any], root: Path, slots: Sequence[str]) -> dict[str, Any]:
    overrides = dict(given)
    for name in slots:
        slot = recipe.data[name]
        folder = from_document(Slot, {"folder": given[f"data.{name}.folder"]}).folder if f"data.{name}.folder" in given else slot.folder
        overrides[f"data.{name}.folder"] = to_document(on_stub(folder, root / name))
    return overrides


def on_stub(use: Use, place: Path) -> Use:
    """The dataset on stub data, which are written to the new folder `place`.

    Raises:
        PluginError: it has none.
    """
    target = load_target(find(innermost(use).id, "dataset"))
    if not hasattr(target, "write_stub"):
        raise PluginError(f"dataset {innermost(use).id} has no write_stub(root, n, seed), so it has no stub data")
    place.mkdir(parents=True)
    target.write_stub(place, STUB_CASES, 0)
    return with_root(use, str(place))


def _configuration(id: str, own: Document, document: Document, scale: str, origins: dict[str, str]) -> Configuration:
    recipe = from_document(Recipe, document)
    check_bounds(recipe)
    read = dict(flatten(to_document(recipe)))
    # As they were read, so that "none" in the document is the None that it stands for.
    paper, ours = dict(flatten(own)), {path: read.get(path, value) for path, value in flatten(document)}
    departures = tuple(
        (path, paper.get(path), ours.get(path))
        for path in sorted(paper.keys() | ours.keys())
        if paper.get(path) != ours.get(path) and path.split(".")[0] not in _IDENTITY
    )
    # Not the document as it was given: a user's file may leave whole tables out, and name components by bare ids.
    return Configuration(id, recipe, to_document(recipe), scale, origins, departures)
