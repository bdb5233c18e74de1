"""The public surface of what is installed."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from medai_sdk.surface.describe import Surface, module

MODULES = ("medai.api", "medai.errors", "medai.hookspecs", "medai.inference", "medai.io", "medai.tasks", "medai.weights")
KIT = ("medai_sdk", "medai_sdk.stub", "medai_sdk.surface")


def present() -> Surface:
    """What is public at present: it imports torch, and runs a small recipe on stub data in a process of its own, for the files' keys.

    Raises:
        EnvironmentFault: that process fails.
    """
    from medai_sdk.surface.commands import commands, exit_codes
    from medai_sdk.surface.files import files

    return {
        **{name: module(name) for name in (*MODULES, *KIT)},
        "commands": commands(),
        "exit codes": exit_codes(),
        "run folder": _run_folder(),
        **files(),
        "checks": _checks(),
        "entry points": _groups(),
        "environment": _variables(),
        "pytest": _pytest(),
    }


def _run_folder() -> Surface:
    from medai._results.folder import RunFolder

    held = [getattr(RunFolder(Path()), name) for name, value in vars(RunFolder).items() if isinstance(value, property)]
    return {place.as_posix(): "path" for place in sorted(item for item in held if isinstance(item, Path))}


def _checks() -> Surface:
    """The level of each check of the contract by its name, which `known_failures` and `--only` take."""
    from medai_sdk.contract.check import all_checks

    return {check.name: check.level for check in all_checks()}


def _groups() -> Surface:
    from medai._discovery import scan

    return {scan.PLUGINS: "a light module", scan.COMMANDS: "a click command"}


def _variables() -> Surface:
    """Each environment variable that the sources read."""
    import medai
    import medai_sdk

    texts = [
        path.read_text(encoding="utf-8") for package in (medai, medai_sdk) for path in Path(str(package.__file__)).parent.rglob("*.py")
    ]
    found = {name for text in texts for name in re.findall(r'"(MEDAI_[A-Z_]+[A-Z])"', text)}
    return dict.fromkeys(sorted(found), "variable")


def _pytest() -> Surface:
    """The options, settings and fixtures of the kit's pytest plugin."""
    from medai_sdk import pytest_plugin

    found: Surface = {}
    for node in ast.walk(ast.parse(inspect.getsource(pytest_plugin))):
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list):
            found[node.name] = "fixture"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("addoption", "addini"):
            found[ast.literal_eval(node.args[0])] = "option" if node.func.attr == "addoption" else "setting"
    return found
