"""Who may import whom, statement by statement; the contract in pyproject.toml looks at chains of modules, this at names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from workspace import CORE, PLUGINS, PROJECTS, SDK, TOOLS, Project, imports

LIGHT = (
    *(
        "plugin.py",
        "dataset_specs.py",
        "exporter_specs.py",
        "grammar_recipes.py",
        "grammar_specs.py",
        "kinds.py",
        "loss_specs.py",
        "metric_specs.py",
        "model_specs.py",
    ),
    *("protocols.py", "recipes.py", "tables.py"),
)
each_plugin = pytest.mark.parametrize("project", PLUGINS, ids=lambda project: project.name)


def modules(project: Project) -> list[Path]:
    found = sorted(project.source.rglob("*.py"))
    assert found, f"{project.source} holds no module"
    return found


def light_faults(module: Path, package: str) -> list[str]:
    """What a light module imports and may not."""
    own = tuple(f"{package}.{name.removesuffix('.py')}" for name in LIGHT)
    faults = []
    for name, line in imports(module, package):
        allowed = name.split(".")[0] in sys.stdlib_module_names or within(name, "medai.api") or any(within(name, light) for light in own)
        # `from medai_x import recipes` names a light module too; private names of medai.api are not part of it.
        if not allowed or (within(name, "medai.api") and private(name)):
            faults.append(f"{module.name}:{line}: {name}")
    return faults


def private_faults(module: Path, package: str) -> list[str]:
    """What a plugin's module imports of medai and may not."""
    return [f"{module.name}:{line}: {name}" for name, line in imports(module, package) if within(name, "medai") and private(name)]


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


@each_plugin
def test_light_modules_are_light(project: Project) -> None:
    light = [project.source / name for name in LIGHT if (project.source / name).exists()]
    assert project.source / "plugin.py" in light
    assert not [fault for module in light for fault in light_faults(module, project.package)]


@each_plugin
def test_the_package_itself_imports_nothing(project: Project) -> None:
    # It is imported before its light module is.
    assert not list(imports(project.source / "__init__.py", project.package))


@each_plugin
def test_no_plugin_uses_a_private_name_of_medai(project: Project) -> None:
    assert not [fault for module in modules(project) for fault in private_faults(module, project.package)]


def test_the_core_imports_no_plugin() -> None:
    packages = {project.package for project in PLUGINS}
    assert not [(module, name) for module in modules(CORE) for name, _ in imports(module, "medai") if name.split(".")[0] in packages]


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "from medai.tasks import Case",
        "from medai_x.models import a",
        "import medai",
        "from medai.api._specs import Spec",
        "from . import losses",
    ],
)
def test_a_heavy_import_in_a_light_module_is_seen(tmp_path: Path, line: str) -> None:
    module = tmp_path / "medai_x" / "plugin.py"
    module.parent.mkdir()
    module.write_text(
        f"import json\nfrom medai.api import use\nfrom medai_x.recipes import A\nfrom .tables import B\n\ndef f():\n    {line}\n"
    )
    assert len(light_faults(module, "medai_x")) == 1


def test_a_private_import_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "losses.py"
    module.write_text("from medai.tasks import Case\nfrom medai.io import _read\nimport medai._engine.run\nfrom _thread import start_new\n")
    assert len(private_faults(module, "medai_x")) == 2


def test_the_contract_knows_every_plugin_and_light_module() -> None:
    linter = TOOLS["importlinter"]
    packages = {project.package for project in PLUGINS}
    assert set(linter["root_packages"]) == {project.package for project in PROJECTS}
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    kit = {SDK.package}
    assert set(contracts["medai imports no plugin and not the kit"]["forbidden_modules"]) == packages | kit
    assert set(contracts["The kit imports no plugin, and no plugin imports the kit"]["modules"]) == packages | kit
    assert set(contracts["Plugins reuse one another by id, not by import"]["modules"]) == packages
    assert set(contracts["Plugins import no private module of medai"]["source_modules"]) == packages
    private_packages = {f"medai.{path.stem}" for path in CORE.source.glob("_[a-z]*")}
    assert set(contracts["Plugins import no private module of medai"]["forbidden_modules"]) == private_packages
    light = {f"{plugin.package}.{name[:-3]}" for plugin in PLUGINS for name in LIGHT if (plugin.source / name).exists()}
    assert set(contracts["Light modules of plugins import medai.api alone"]["source_modules"]) == light


def test_mypy_relaxes_plugins_alone() -> None:
    relaxed = [override["module"] for override in TOOLS["mypy"]["overrides"] if "disallow_any_generics" in override]
    assert relaxed == [[f"{project.package}.*" for project in PLUGINS]]
    assert TOOLS["mypy"]["strict"] is True
