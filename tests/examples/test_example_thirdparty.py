"""A third party's plugin as its users have it: built to a wheel, installed beside the wheels of medai, far from the repository.

The environment is a virtual one of its own, whose libraries are links to those installed here. It holds neither the checkout nor what is
installed from it, so that nothing but the wheels can help.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from workspace import CORE, PROJECTS, ROOT, SDK, Project, closure, libraries

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("example")]

EXAMPLE = Project(ROOT / "examples" / "medai-example-thirdparty")
WHERE = """
import json, sys, medai, medai_sdk, medai_example_thirdparty
print(json.dumps([sys.path, medai.__file__, medai_sdk.__file__, medai_example_thirdparty.__file__]))
"""


@dataclass(frozen=True)
class Place:
    """A virtual environment, and a folder to work in."""

    environment: Path
    home: Path

    def run(self, program: str, *arguments: str, code: int = 0) -> str:
        """Run a program of the environment as a user would; what it printed."""
        surroundings = {
            "PATH": f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "OMP_NUM_THREADS": "1",
        }
        command = [str(self.environment / "bin" / program), *arguments]
        done = subprocess.run(command, env=surroundings, cwd=self.home, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def medai(self, *arguments: str, code: int = 0) -> str:
        return self.run("medai", *arguments, code=code)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    for project in (CORE, SDK, EXAMPLE):
        # A copy: what is beside the example in the checkout is of no use to it.
        copy = shutil.copytree(project.folder, folder / project.package, ignore=shutil.ignore_patterns("__pycache__", "dist", ".*"))
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(copy)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def place(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("clean")
    made = Place(folder / "env", folder / "home")
    made.home.mkdir()
    venv.create(made.environment, with_pip=False)
    needed = closure([*CORE.requirements, *SDK.requirements, *EXAMPLE.requirements, Requirement("pytest")])
    links = libraries(folder / "libraries", frozenset(needed - {project.name for project in PROJECTS}))
    (site,) = made.environment.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(f"{links}\n", encoding="utf-8")
    install = ["-m", "pip", "--python", str(made.environment), "install", "--quiet", "--no-deps", "--no-index", *map(str, wheels)]
    subprocess.run([sys.executable, *install], check=True)
    return made


def test_nothing_of_the_repository_is_on_the_path(place: Place) -> None:
    path, *files = json.loads(place.run("python", "-c", WHERE))
    assert not [entry for entry in path if Path(entry).is_relative_to(ROOT)]
    assert all(Path(file).is_relative_to(place.environment) for file in files)


def test_it_is_listed_and_can_be_installed_again(place: Place) -> None:
    offered = json.loads(place.medai("list", "--json"))
    ours = {(record["kind"], record["id"]) for record in offered if record["plugin"] == "example-thirdparty"}
    wanted = {
        "dataset": ("contours", "drawn", "gamma"),
        "model": ("boundary-net", "otsu"),
        "loss": ("edge-weighted",),
        "metric": ("boundary-f1",),
        "exporter": ("contours",),
        "recipe": ("boundary", "otsu"),
        "table": ("table-1",),
    }
    assert ours == {(kind, f"example-thirdparty/{name}") for kind, names in wanted.items() for name in names}
    assert "medai-example-thirdparty==0.1.0" in place.medai("list", "--freeze").splitlines()


def test_it_keeps_the_contract(place: Place) -> None:
    report = json.loads(place.medai("plugin", "check", "medai-example-thirdparty", "--json"))
    statuses = [outcome["status"] for outcome in report["outcomes"]]
    assert statuses.count("passed") >= 80
    assert not [outcome for outcome in report["outcomes"] if outcome["status"] == "failed"]


def test_it_runs_on_stub_data(place: Place) -> None:
    summary = json.loads(place.medai("run", "example-thirdparty/boundary", "--stub", "--json", "--out", "stub"))
    assert summary["cases"]["used"] == summary["cases"]["total"] > 0


def test_its_quick_scale_learns_and_its_answers_are_outlines_that_it_reads(place: Place) -> None:
    summary = json.loads(place.medai("run", "example-thirdparty/boundary", "--json", "--device", "cpu"))
    otsu = summary["baselines"]["example-thirdparty/otsu"]
    assert summary["figures"]["boundary_f1"]["value"] > otsu["boundary_f1"]["value"] + 0.1
    (run,) = (place.home / "runs").iterdir()
    place.medai("export", str(run), "--to", "example-thirdparty/contours")
    outlines = [path.read_text(encoding="utf-8").split() for path in run.rglob("*.txt")]
    assert len(outlines) == summary["cases"]["used"]
    assert all(len(numbers) > 20 and all(-1 < float(number) < 64 for number in numbers) for numbers in outlines)


def test_its_own_tests_pass_where_its_users_run_them(place: Place) -> None:
    folder = shutil.copytree(EXAMPLE.folder / "tests", place.home / "tests")
    shutil.copy(EXAMPLE.folder / "pyproject.toml", place.home)
    assert " passed" in place.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder))
