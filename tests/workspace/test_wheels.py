"""Each distribution builds a wheel, and works from it with nothing but what it declares.

A wheel is installed into a folder and run by an interpreter without site-packages, beside a folder of links to the distributions that
it asks for, directly or not: so neither another plugin nor an undeclared library can help.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from workspace import CORE, PLUGINS, PROJECTS, SDK, Project, closure, libraries

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheels")]
each = pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
each_plugin = pytest.mark.parametrize("project", PLUGINS, ids=lambda project: project.name)

# Without a search for garbage, which is a third of the time of imports.
IMPORT_ALL = """
import gc, importlib, pkgutil, sys
gc.disable()
package = importlib.import_module(sys.argv[1])
names = [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".") if not found.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names))
gc.freeze()
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel per distribution, by its name."""
    built = {}
    for project in PROJECTS:
        folder = tmp_path_factory.mktemp(project.package)
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(project.folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        (built[project.name],) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The surroundings in which a distribution is installed without the others, by its name."""
    found = {}
    for project in PROJECTS:
        folder = tmp_path_factory.mktemp("alone")
        ours = [CORE] if project is CORE else [CORE, project]
        files = [str(wheels[one.name]) for one in ours]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder / "ours"), *files]
        subprocess.run(command, check=True)
        needed = closure([requirement for one in ours for requirement in one.requirements])
        needed -= {other.name for other in PROJECTS}
        path = os.pathsep.join([str(folder / "ours"), str(libraries(folder / "libraries", frozenset(needed)))])
        found[project.name] = {"PYTHONPATH": path, "PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return found


def python(surroundings: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-S", *arguments], env=surroundings, cwd=surroundings["HOME"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr
    return done.stdout


def medai(surroundings: dict[str, str], *arguments: str) -> str:
    script = Path(surroundings["PYTHONPATH"].split(os.pathsep)[0]) / "bin" / "medai"
    return python(surroundings, str(script), *arguments)


@each
def test_the_wheel_holds_what_it_should(project: Project, wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels[project.name]) as wheel:
        names = wheel.namelist()
        information = next(name.split("/")[0] for name in names if ".dist-info/" in name)
        points = wheel.read(f"{information}/entry_points.txt").decode()
        described = wheel.read(f"{information}/METADATA").decode()
    assert {name.split("/")[0] for name in names} == {project.package, information}
    assert f"{project.package}/py.typed" in names
    assert f"{information}/licenses/LICENSE" in names
    assert not [name for name in names if ("/tests/" in name and "/templates/" not in name) or name.endswith(".pyc")]
    sources = {path.relative_to(project.source).as_posix() for path in project.source.rglob("*") if path.is_file()}
    packed = {name.removeprefix(f"{project.package}/") for name in names if name.startswith(f"{project.package}/")}
    assert packed == {name for name in sources if "__pycache__" not in name}
    assert ("[medai.commands.v1]" if project is SDK else "[medai.v1]") in points
    assert "License-Expression: Apache-2.0" in described
    assert ("medai = medai._cli:main" in points) == (project is CORE)


@each
def test_it_lists_itself_and_no_other_plugin(project: Project, alone: dict[str, dict[str, str]]) -> None:
    # The kit is no plugin.
    wanted = {"medai"} if project is SDK else {"medai", project.name.removeprefix("medai-")}
    plugins = json.loads(medai(alone[project.name], "list", "plugins", "--json"))
    assert {record["id"] for record in plugins} == wanted
    offered = json.loads(medai(alone[project.name], "list", "--json"))
    assert {record["plugin"] for record in offered} == wanted


@each
def test_every_module_imports_with_what_is_declared(project: Project, alone: dict[str, dict[str, str]]) -> None:
    assert int(python(alone[project.name], "-c", IMPORT_ALL, project.package)) >= 4
