"""The public surface of medai as data: names, parameters, fields and defaults, hooks, commands, exit codes, files of a run folder.

`surface.py` says what differs from the record in tests/api/surface.json, `surface.py --write` records what is new. What was recorded must
stay; `--replace` records its loss too, which only an unreleased interface may suffer.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import click

RECORD = Path(__file__).parent.parent / "tests" / "api" / "surface.json"
MODULES = ("medai.api", "medai.errors", "medai.hookspecs", "medai.inference", "medai.io", "medai.tasks", "medai.weights")
# Marks what may not be added to something that is recorded: callers and implementers written before would break.
REQUIRED = "required"

Surface = dict[str, Any]


def surface() -> Surface:
    """What is public at present."""
    return {
        **{name: _module(name) for name in MODULES},
        "commands": _commands(),
        "exit codes": _exit_codes(),
        "run folder": _run_folder(),
    }


def lost(recorded: Any, present: Any, where: str = "") -> list[str]:
    """What is recorded and no longer so."""
    if not (isinstance(recorded, dict) and isinstance(present, dict)):
        return [] if recorded == present else [f"{where}: was {recorded}, is {present}"]
    gone = [f"{where} > {key}: gone" for key in recorded.keys() - present.keys()]
    return sorted(gone) + [
        line for key in recorded.keys() & present.keys() for line in lost(recorded[key], present[key], f"{where} > {key}")
    ]


def added(recorded: Any, present: Any, where: str = "") -> list[tuple[str, Any]]:
    """What is there and not recorded."""
    if not (isinstance(recorded, dict) and isinstance(present, dict)):
        return []
    new = [(f"{where} > {key}", present[key]) for key in sorted(present.keys() - recorded.keys())]
    return new + [item for key in recorded.keys() & present.keys() for item in added(recorded[key], present[key], f"{where} > {key}")]


def breaks(recorded: Surface, present: Surface) -> list[str]:
    """What breaks code that was written against the record."""
    demands = [f"{where}: new, and required" for where, value in added(recorded, present) if value == REQUIRED or _demands(value)]
    return lost(recorded, present) + [line for line in demands if not line.startswith(" > medai.hookspecs")]


def _demands(value: Any) -> bool:
    return isinstance(value, dict) and value.get("implementation") == REQUIRED


def _module(name: str) -> Surface:
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None) or [
        key for key, value in vars(module).items() if getattr(value, "medai_spec", None) is not None
    ]
    return {key: _thing(getattr(module, key)) for key in sorted(names)}


def _thing(value: Any) -> Surface:
    if inspect.isclass(value):
        return {"kind": "class", **_class(value)}
    if inspect.isfunction(value):
        return {"kind": "function", "parameters": _parameters(value)}
    return {"kind": "value"}


def _class(owner: type) -> Surface:
    protocol = getattr(owner, "_is_protocol", False)
    described: Surface = {"methods": {name: _method(owner, name, protocol) for name in _public_methods(owner)}}
    if dataclasses.is_dataclass(owner):
        described["fields"] = {field.name: _default(_field_default(field)) for field in dataclasses.fields(owner)}
    elif protocol:
        described["attributes"] = _names(inspect.get_annotations(owner))
    elif "__init__" in owner.__dict__:
        described["parameters"] = _parameters(owner.__init__, skip_self=True)
    return {key: content for key, content in described.items() if content}


def _names(names: Any) -> Surface:
    """Names as keys, for what has a name and no more."""
    return dict.fromkeys(sorted(names), "attribute")


def _public_methods(owner: type) -> list[str]:
    ours = [vars(base) for base in owner.__mro__ if base.__module__.startswith("medai")]
    found = {name for space in ours for name, value in space.items() if inspect.isroutine(getattr(value, "__func__", value))}
    return sorted(name for name in found if not name.startswith("_"))


def _method(owner: type, name: str, protocol: bool) -> Surface:
    function = inspect.unwrap(getattr(owner, name))
    described: Surface = {"parameters": _parameters(function, skip_self=not isinstance(inspect.getattr_static(owner, name), classmethod))}
    if isinstance(inspect.getattr_static(owner, name), staticmethod):
        described["parameters"] = _parameters(function)
    if protocol:
        described["implementation"] = REQUIRED if _is_stub(function) else "default"
    return described


def _is_stub(function: Any) -> bool:
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(definition, ast.FunctionDef)
    last = definition.body[-1]
    return (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and (last.value.value is Ellipsis or len(definition.body) == 1)
    )


def _parameters(function: Any, *, skip_self: bool = False) -> Surface:
    parameters = list(inspect.signature(function).parameters.values())[1 if skip_self else 0 :]
    return {_starred(parameter): _default(parameter.default) for parameter in parameters}


def _starred(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    return f"{stars}{parameter.name}"


def _field_default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return REQUIRED
    # A record's own fields are recorded where it stands, and it may gain some.
    return f"= {type(value).__name__}()" if dataclasses.is_dataclass(value) else f"= {value!r}"


def _commands() -> Surface:
    from medai._cli import COMMANDS, cli

    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {"medai": _command(cli), **{f"medai {name}": _command(command) for name, command in found.items() if command}}


def _command(command: click.Command) -> Surface:
    found: Surface = {}
    for parameter in command.params:
        name, *others = sorted([*parameter.opts, *parameter.secondary_opts], key=len, reverse=True)
        found |= {name: _option(parameter), **dict.fromkeys(others, f"the same as {name}")}
    return found


def _option(parameter: click.Parameter) -> str:
    if parameter.required:
        return REQUIRED
    kind = "argument" if isinstance(parameter, click.Argument) else "flag" if getattr(parameter, "is_flag", False) else "option"
    return f"{kind}, repeatable" if parameter.multiple or parameter.nargs == -1 else kind


def _exit_codes() -> Surface:
    import medai.errors

    return {name: getattr(medai.errors, name).exit_code for name in medai.errors.__all__}


def _run_folder() -> Surface:
    from medai._results.folder import RunFolder

    held = [getattr(RunFolder(Path()), name) for name, value in vars(RunFolder).items() if isinstance(value, property)]
    return {place.as_posix(): "path" for place in sorted(item for item in held if isinstance(item, Path))}


def main() -> None:
    """Compare with the record, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="record what is new")
    parser.add_argument("--replace", action="store_true", help="record what is lost too")
    arguments = parser.parse_args()
    recorded, present = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}, surface()
    broken, new = breaks(recorded, present), added(recorded, present)
    print("\n".join([*(f"breaks {line}" for line in broken), *(f"new {where}" for where, _ in new)]) or "nothing differs from the record")
    if broken and not arguments.replace:
        sys.exit("the recorded interface must stay (before the first release: tools/surface.py --replace)")
    if arguments.write or arguments.replace:
        RECORD.write_text(json.dumps(present, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
