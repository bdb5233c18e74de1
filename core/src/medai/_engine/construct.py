"""From an id and parameters to an object: parameters are checked against the typed keywords of the target's constructor."""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from medai._discovery import Entry, load_target, registry
from medai._engine.docstrings import summaries
from medai._memory import ran_out_of_memory
from medai._words import listed, nearest
from medai.api import RunRef, Use
from medai.errors import MedaiError, PluginError, UsageError

_COMPONENTS = ("dataset", "model", "loss", "metric", "exporter")
_KIND_OF_TYPE = {
    "Dataset": "dataset",
    "Loss": "loss",
    "Metric": "metric",
    "ModelMetric": "metric",
    "TrainingMetric": "metric",
    "Predictor": "model",
    "Learner": "model",
}

_HOMES = re.compile(r"\btyping\.|\bmedai\.tasks\.(_\w+|inputs)\.")
"""Modules that a reader of a type need not know."""
_OFFERED: Mapping[str, tuple[str, ...]] = {"loss": ("__call__",), "metric": ("total", "measure")}
"""What a component of the kind offers, one of these at least: a function that is given as a target may be taken for it itself."""

Runs = Mapping[str, object]
"""Upstream runs by name: what a `RunRef` becomes."""


@dataclass(frozen=True)
class Parameter:
    """A typed keyword of a component's constructor, as text for a person.

    `default` is None where it is required; `summary` is what the docstring says of it, empty where that says nothing.
    """

    name: str
    type: str
    default: str | None
    required: bool
    summary: str = ""


def signature_of(target: object) -> dict[str, inspect.Parameter]:
    """The keywords of a target's constructor by name, without `self` and without `*args`."""
    try:
        found = inspect.signature(typing.cast("Callable[..., Any]", target))
    except (TypeError, ValueError):
        return {}
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in found.parameters.items() if parameter.kind in kinds}


def parameters(target: object) -> list[Parameter]:
    """The keywords of a target's constructor, for `medai show` and the documentation."""
    hints, said = types_of(target), summaries(target)
    result = []
    for name, parameter in signature_of(target).items():
        required = parameter.default is inspect.Parameter.empty
        annotation = hints.get(name, parameter.annotation)
        text = "" if annotation is inspect.Parameter.empty else _readable(annotation)
        result.append(Parameter(name, text, None if required else repr(parameter.default), required, said.get(name, "")))
    return result


def defaults(target: object) -> dict[str, object]:
    """The default of every keyword that has one."""
    return {name: p.default for name, p in signature_of(target).items() if p.default is not inspect.Parameter.empty}


def kind_of_parameter(target: object, name: str) -> str | None:
    """The kind of component that a keyword of a target's constructor takes, one or several of them; None where its type does not say."""
    annotation = types_of(target).get(name, Any)
    return _kind_of(annotation) or next(filter(None, map(_kind_of, typing.get_args(annotation)[-2:])), None)


def construct(id: str, given: Mapping[str, object], *, kind: str | None = None, runs: Runs | None = None, **injected: object) -> Any:
    """Build the component `id`.

    `given` comes from a recipe or a user and is checked; `injected` (a view's `source`) comes from the engine and is taken as it is.
    """
    entry = find(id, kind)
    target = load_target(entry)
    if entry.kind in _OFFERED and inspect.isfunction(target) and (lacking := missing(target, (*given, *injected))):
        raise UsageError(f"{entry.id} needs {listed(lacking)}: {made_by_a_function(entry.kind)}")
    checked = check(entry.id, target, given, runs=runs, injected=injected)
    try:
        made = typing.cast("Callable[..., Any]", target)(**checked, **injected)
    except MedaiError:
        raise
    except (Exception, SystemExit) as error:
        if ran_out_of_memory(error):
            raise
        raise PluginError(f"{entry.kind} {entry.id} could not be built: {type(error).__name__}: {error}") from error
    if inspect.isfunction(target) and not any(hasattr(made, name) for name in _OFFERED.get(entry.kind, ("__class__",))):
        raise PluginError(f"{entry.kind} {entry.id} is a {type(made).__name__}: {made_by_a_function(entry.kind)}")
    return made


def made_by_a_function(kind: str) -> str:
    """What is to be known of a target that is a function, in words."""
    return f"its target is a function, which is called with the parameters and must return the {kind}"


def missing(target: object, given: Collection[str]) -> list[str]:
    """The keywords of a target's constructor that have no default and are not given."""
    return [name for name, each in signature_of(target).items() if each.default is inspect.Parameter.empty and name not in given]


def find(id: str, kind: str | None = None) -> Entry:
    """The entry of a component; without a kind, the one kind that has that id."""
    if kind is not None:
        return registry().find(kind, id)
    found = [entry for entry in registry().find_all(id) if entry.kind in _COMPONENTS]
    if len(found) > 1:
        raise UsageError(f"{id!r} is several components: {listed(f'{entry.kind} {entry.id}' for entry in found)}")
    return found[0] if found else registry().find("model", id)


def check(
    name: str, target: object, given: Mapping[str, object], *, runs: Runs | None = None, injected: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The given parameters, each of the type that the constructor declares; nested components built.

    Raises:
        UsageError: a parameter is unknown (with the nearest names), missing, or of a wrong type.
    """
    known = signature_of(target)
    unknown = [key for key in given if key not in known]
    if unknown and not _takes_any_keyword(target):
        raise UsageError(f"{name} has no parameter {unknown[0]!r}{nearest(unknown[0], known)}")
    hints = types_of(target)
    checked = {key: _value(f"{name}: {key}", hints.get(key, Any), value, runs) for key, value in given.items()}
    if lacking := missing(target, (*checked, *(injected or {}))):
        raise UsageError(f"{name} needs {listed(lacking)}")
    return checked


def typed(where: str, annotation: Any, value: object) -> Any:
    """`value`, as TOML or JSON would give it, as the annotated type: strict, but a list may stand for a tuple.

    Raises:
        UsageError: it is of another type.
    """
    try:
        adapter = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    except (PydanticSchemaGenerationError, SchemaError):  # such as a tuple of components: the constructor has the last word
        return value
    except PydanticUserError:  # a dataclass or the like, which brings its own configuration
        adapter = TypeAdapter(annotation)
    try:
        encoded = json.dumps(value)
    except (TypeError, ValueError):
        return value
    try:
        return adapter.validate_json(encoded, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        wanted = _readable(annotation)
        raise UsageError(f"{where} = {value!r}: {first['msg']} (wanted {wanted})") from None


def _value(where: str, annotation: Any, value: object, runs: Runs | None) -> object:
    if value == "none" and _may_be_unset(annotation):
        return None  # TOML has no null: "none" stands for it
    if isinstance(value, Use):
        return construct(value.id, value.params, kind=_kind_of(annotation), runs=runs)
    if isinstance(value, RunRef):
        if runs is None or value.name not in runs:
            raise UsageError(f"{where} refers to the run {value.name!r}, which the recipe's upstream does not name")
        return runs[value.name]
    if isinstance(value, list | tuple) and any(isinstance(item, Use | RunRef) for item in value):
        inner = next(iter(typing.get_args(annotation)), Any)
        return tuple(_value(where, inner, item, runs) for item in value)
    if isinstance(value, Mapping) and any(isinstance(item, Use | RunRef) for item in value.values()):
        inner = next(iter(typing.get_args(annotation)[1:]), Any)
        return {key: _value(where, inner, item, runs) for key, item in value.items()}
    if annotation is Any or _is_component_type(annotation):
        if isinstance(value, str | int | float | bool) and annotation is not Any:
            raise UsageError(f"{where} = {value!r}: a component is wanted, such as {{use = 'plugin/name'}}")
        return value
    return typed(where, annotation, value)


def _may_be_unset(annotation: Any) -> bool:
    """Whether None is among the types of a parameter, and the word "none" means nothing else to it."""
    members = typing.get_args(annotation)
    return type(None) in members and str not in members and not any("none" in typing.get_args(member) for member in members)


def _readable(annotation: Any) -> str:
    """A type as a person writes it in a recipe."""
    words = _HOMES.sub("", inspect.formatannotation(annotation))
    return f"{words.removesuffix(' | None')}, or none" if _may_be_unset(annotation) else words


def types_of(target: object) -> dict[str, Any]:
    """The types of the keywords of a target's constructor by name, as far as they are said and can be found."""
    function = target.__init__ if inspect.isclass(target) else target
    try:
        return typing.get_type_hints(function)
    except Exception:
        # A name imported for type checkers alone: those keywords go unchecked, and the constructor has the last word.
        return {}


def _takes_any_keyword(target: object) -> bool:
    try:
        found = inspect.signature(typing.cast("Callable[..., Any]", target)).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in found)


def _members(annotation: Any) -> Sequence[Any]:
    arguments = typing.get_args(annotation)
    is_union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return [member for member in arguments if member is not type(None)] if is_union else [annotation]


def _kind_of(annotation: Any) -> str | None:
    for member in _members(annotation):
        name = getattr(typing.get_origin(member) or member, "__name__", "")
        if name in _KIND_OF_TYPE:
            return _KIND_OF_TYPE[name]
    return None


def _is_component_type(annotation: Any) -> bool:
    return any(getattr(typing.get_origin(member) or member, "_is_protocol", False) for member in _members(annotation))
