"""A recipe as a document (what TOML and JSON hold), and back; overrides laid over it; where each value came from."""

from __future__ import annotations

import copy
import dataclasses
import tomllib
import typing
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence
from pathlib import Path
from typing import Any

from medai._deprecated import today
from medai._engine.construct import typed
from medai._words import nearest
from medai.api import RunRef, Use
from medai.errors import UsageError

Document = dict[str, Any]


def to_document(value: object) -> Any:
    """Plain mappings, lists and scalars; a `Use` becomes `{use = id, ...}`, a `RunRef` `{run = name}`."""
    if isinstance(value, Use):
        return {"use": value.id, **{key: to_document(item) for key, item in value.params.items()}}
    if isinstance(value, RunRef):
        return {"run": value.name}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_document(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_document(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def canonical(value: object) -> Any:
    """`to_document` without fields that have their default, so that it stays what it is when a later version adds a field."""
    if isinstance(value, Use | RunRef):
        return to_document(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: canonical(getattr(value, field.name)) for field in dataclasses.fields(value) if not _at_default(value, field)}
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return to_document(value)


def _at_default(value: Any, field: dataclasses.Field[Any]) -> bool:
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return bool(getattr(value, field.name) == default)


def from_document(kind: Any, value: Any, where: str = "") -> Any:
    """The document as `kind`, a record of `medai.api`.

    Raises:
        UsageError: a key is unknown (with the nearest names) or missing, or a value is of a wrong type; its path is given.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if type(None) in arguments:
        if value is None or (value == "none" and str not in arguments):
            return None  # TOML has no null: "none" stands for it
        members = tuple(member for member in arguments if member is not type(None))
        return from_document(members[0] if len(members) == 1 else typing.Union[members], value, where)  # noqa: UP007
    if kind is Use:
        return _use(value, where)
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, where)
    if origin is not None and issubclass_safely(origin, Mapping):
        _expect(value, dict, where, "a table")
        return {key: from_document(arguments[1], item, _join(where, key)) for key, item in value.items()}
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis and arguments[0] is Use:
        _expect(value, list, where, "an array of tables")
        return tuple(from_document(Use, item, f"{where}.{index}") for index, item in enumerate(value))
    return _raw(value) if kind is object else typed(where, kind, value)


def issubclass_safely(kind: object, parent: type) -> bool:
    """Whether `kind` is a class and a subclass of `parent`."""
    return isinstance(kind, type) and issubclass(kind, parent)


def read_toml(path: Path) -> Document:
    """The document in a TOML file.

    Raises:
        UsageError: the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from error


def parse_assignment(text: str) -> tuple[str, Any]:
    """`a.b=c` as path and value; the value as TOML has it, else a string. Nothing is evaluated.

    Raises:
        UsageError: there is no path or no `=`.
    """
    path, separator, value = text.partition("=")
    if not separator or not path.strip():
        raise UsageError(f"--set {text!r}: wanted path=value, such as train.steps=500")
    try:
        return path.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value.strip()


def flatten(document: object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its dotted path; an empty table or array is a leaf."""
    items = document.items() if isinstance(document, Mapping) else enumerate(document) if isinstance(document, list) else ()
    if not isinstance(document, Mapping | list) or not document or (isinstance(document, list) and not _has_tables(document)):
        yield prefix, document
        return
    for key, value in items:
        yield from flatten(value, _join(prefix, str(key)))


def overlay(base: Document, over: Mapping[str, Any]) -> Document:
    """`base` with `over` laid on it: tables merge, all else is replaced; a component of another id replaces the whole component.

    Keys of `over` may be dotted paths; a number in a path is a place in an array.
    """
    result = copy.deepcopy(base)
    for path, value in over.items():
        _assign(result, path.split("."), copy.deepcopy(value), path)
    return result


def _assign(target: Any, keys: list[str], value: Any, path: str) -> None:
    key: str | int = keys[0]
    if isinstance(target, MutableSequence):
        if not keys[0].isdigit() or int(keys[0]) >= len(target):
            raise UsageError(f"{path}: {keys[0]!r} is not a place in an array of {len(target)}")
        key = int(keys[0])
    elif not isinstance(target, MutableMapping):
        raise UsageError(f"{path}: there is nothing below {keys[0]!r}")
    if len(keys) > 1:
        if isinstance(target, MutableMapping) and target.get(keys[0]) is None:
            target[keys[0]] = {}
        _assign(target[key], keys[1:], value, path)
        return
    present = target.get(keys[0]) if isinstance(target, MutableMapping) else target[int(key)]
    if isinstance(value, Mapping) and isinstance(present, Mapping) and value.get("use", present.get("use")) == present.get("use"):
        for inner, item in value.items():
            _assign(present, inner.split("."), item, path)
    else:
        target[key] = to_document(value)


def _use(value: Any, where: str) -> Use:
    if isinstance(value, str):
        return Use(value)
    _expect(value, dict, where, "a component such as {use = 'plugin/name'}")
    if not isinstance(value.get("use"), str):
        raise UsageError(f"{where}: a component names itself with use = 'plugin/name'")
    return Use(value["use"], {key: _raw(item) for key, item in value.items() if key != "use"})


def _raw(value: Any) -> Any:
    if isinstance(value, dict) and "use" in value:
        return _use(value, "")
    if isinstance(value, dict) and set(value) == {"run"}:
        return RunRef(value["run"])
    if isinstance(value, dict):
        return {key: _raw(item) for key, item in value.items()}
    return [_raw(item) for item in value] if isinstance(value, list | tuple) else value


def _record(kind: Any, value: Any, where: str) -> Any:
    _expect(value, dict, where or "the recipe", "a table")
    value = today(f"medai.api.{kind.__name__}", value, where or "the recipe")
    hints = typing.get_type_hints(kind)
    unknown = [key for key in value if key not in hints]
    if unknown:
        raise UsageError(f"unknown key {_join(where, unknown[0])!r}{nearest(unknown[0], hints)}")
    required = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
    for name in required:
        if name not in value:
            raise UsageError(f"{_join(where, name)} is missing")
    return kind(**{key: from_document(hints[key], item, _join(where, key)) for key, item in value.items()})


def _expect(value: Any, kind: type, where: str, wanted: str) -> None:
    if not isinstance(value, kind):
        raise UsageError(f"{where} = {value!r}: {wanted} is wanted")


def _has_tables(items: list[Any]) -> bool:
    return any(isinstance(item, Mapping) for item in items)


def _join(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key
