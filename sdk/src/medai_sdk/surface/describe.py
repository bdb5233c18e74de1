"""Modules, classes and functions as data: names, parameters and fields with their defaults, what a protocol's implementer must write."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import textwrap
from typing import Any

Surface = dict[str, Any]

# Marks what may not be added to something that is recorded: callers and implementers written before would break.
REQUIRED = "required"
_STARS: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def module(name: str) -> Surface:
    """The public names of a module; of the hooks' module, the hooks."""
    found = importlib.import_module(name)
    names = getattr(found, "__all__", None) or [key for key, value in vars(found).items() if getattr(value, "medai_spec", None) is not None]
    return {key: thing(getattr(found, key)) for key in sorted(names)}


def thing(value: Any) -> Surface:
    """A class, a function, or a value, which is not recorded further."""
    if inspect.isclass(value):
        return {"kind": "class", **_class(value)}
    if inspect.isfunction(value):
        return {"kind": "function", "parameters": _parameters(value)}
    return {"kind": "value"}


def _class(owner: type) -> Surface:
    protocol = getattr(owner, "_is_protocol", False)
    described: Surface = {"methods": {name: _method(owner, name, protocol) for name in _public_methods(owner)}}
    described["attributes"] = _names(_properties(owner))
    if dataclasses.is_dataclass(owner):
        described["fields"] = {field.name: _default(_field_default(field)) for field in dataclasses.fields(owner)}
    elif protocol:
        described["attributes"] |= _names(inspect.get_annotations(owner))
    elif "__init__" in owner.__dict__:
        described["parameters"] = _parameters(owner.__dict__["__init__"], skip_self=True)
    return {key: content for key, content in described.items() if content}


def _names(names: Any) -> Surface:
    """Names as keys, for what has a name and no more."""
    return dict.fromkeys(sorted(names), "attribute")


def _ours(owner: type) -> list[dict[str, Any]]:
    return [dict(vars(base)) for base in owner.__mro__ if base.__module__.startswith("medai")]


def _public_methods(owner: type) -> list[str]:
    found = {name for space in _ours(owner) for name, value in space.items() if inspect.isroutine(getattr(value, "__func__", value))}
    return sorted(name for name in found if not name.startswith("_"))


def _properties(owner: type) -> list[str]:
    found = {name for space in _ours(owner) for name, value in space.items() if isinstance(value, property)}
    return sorted(name for name in found if not name.startswith("_"))


def _method(owner: type, name: str, protocol: bool) -> Surface:
    function = inspect.unwrap(getattr(owner, name))
    static = inspect.getattr_static(owner, name)
    described: Surface = {"parameters": _parameters(function, skip_self=not isinstance(static, classmethod | staticmethod))}
    if protocol:
        described["implementation"] = REQUIRED if _is_stub(function) else "default"
    return described


def _is_stub(function: Any) -> bool:
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(definition, ast.FunctionDef)
    last = definition.body[-1]
    alone = len(definition.body) == 1
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and (last.value.value is Ellipsis or alone)


def _parameters(function: Any, *, skip_self: bool = False) -> Surface:
    parameters = list(inspect.signature(function).parameters.values())[1 if skip_self else 0 :]
    return {_starred(parameter): _default(parameter.default) for parameter in parameters}


def _starred(parameter: inspect.Parameter) -> str:
    return f"{_STARS.get(parameter.kind, '')}{parameter.name}"


def _field_default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return REQUIRED
    # A record's own fields are recorded where it stands, and it may gain some.
    return f"= {type(value).__name__}()" if dataclasses.is_dataclass(value) else f"= {value!r}"
