"""What `medai plugin new` makes: its own tests, the contract and its example, for every task."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from medai_sdk.scaffold import new_plugin, templated_tasks

TASKS = sorted(templated_tasks())
# Together in one process, so that their folders are made once.
pytestmark = pytest.mark.xdist_group("scaffold")

_RUNS = """
import sys
from medai._cli import main
for plugin in sys.argv[2:]:
    for options in (["--stub"], []):
        try:
            main(["run", f"{plugin}/example", "--device", "cpu", "--out", f"{sys.argv[1]}/{plugin}{len(options)}", *options])
        except SystemExit as done:
            assert not done.code, (plugin, options, done.code)
"""

_MYPY = """
[mypy]
disallow_untyped_defs = true
disallow_incomplete_defs = true
check_untyped_defs = true
no_implicit_optional = true
warn_unreachable = true
# Whose types take half a minute to read.
[mypy-torch.*,numpy.*]
follow_imports = skip
"""


def install(plugin: Path) -> Path:
    """As `pip install -e` would: the import path of the plugin, with its metadata on it."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fields = {"Name": project["name"], "Version": project["version"], "Summary": project["description"]}
    fields |= {"Keywords": ",".join(project["keywords"]), "License-Expression": project["license"]}
    lines = [*(f"{name}: {value}" for name, value in fields.items()), *(f"Requires-Dist: {each}" for each in project["dependencies"])]
    info = plugin / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", *lines, ""]), encoding="utf-8")
    for group, points in project["entry-points"].items():
        text = "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in points.items()), ""])
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
    return plugin / "src"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A plugin for each task, `medai-made-TASK`, installed for processes that `python` starts."""
    home = tmp_path_factory.mktemp("made")
    plugins = {task: new_plugin(f"medai-made-{task}", task, into=home) for task in TASKS}
    for plugin in plugins.values():
        install(plugin)
    return plugins


def python(made: dict[str, Path], *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python with all of them on its path."""
    paths = [*(str(plugin / "src") for plugin in made.values()), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "MEDAI_STRICT_PLUGINS": "1"}
    command = [sys.executable, "-B", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False, cwd=cwd)


def pytest_of(made: dict[str, Path], *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The plugins' own tests, without the contract, which is tried by itself."""
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:medai", "-c", os.devnull, "--import-mode=importlib", "-W", "error::UserWarning")
    return python(made, "-m", "pytest", *options, "--rootdir", cwd, *arguments, cwd=cwd)


def test_the_tests_of_every_plugin_pass(made: dict[str, Path], tmp_path: Path) -> None:
    # The example's own test starts a process for each; below, all examples run in one.
    done = pytest_of(made, *(plugin / "tests" for plugin in made.values()), "-k", "not example_learns", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed, (\d+) deselected", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= 20 * len(TASKS) and int(passed[2]) == len(TASKS)


@pytest.mark.slow
def test_the_test_that_runs_the_example_passes(made: dict[str, Path], tmp_path: Path) -> None:
    done = pytest_of(made, made["restoration"] / "tests" / "test_plugin.py", cwd=tmp_path)
    assert done.returncode == 0 and "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_every_example_runs_on_stub_data_and_on_its_own(made: dict[str, Path], tmp_path: Path) -> None:
    done = python(made, "-c", _RUNS, tmp_path, *(f"made-{task}" for task in TASKS), cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert len(list(tmp_path.glob("*/*/summary.json"))) == len(list(tmp_path.glob("*/*/report.html"))) == 2 * len(TASKS)


@pytest.mark.parametrize("task", [task if task == "restoration" else pytest.param(task, marks=pytest.mark.slow) for task in TASKS])
def test_the_contract_is_kept(made: dict[str, Path], tmp_path: Path, task: str) -> None:
    done = python(made, "-m", "medai", "plugin", "check", f"medai-made-{task}", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"medai-made-\S+ 0\.1\.0: \d{3} checks ran", done.stdout), done.stdout


@pytest.mark.slow
def test_annotations_hold(made: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text(_MYPY, encoding="utf-8")
    packages = [plugin / "src" / plugin.name.replace("-", "_") for plugin in made.values()]
    done = python(made, "-m", "mypy", "--config-file", tmp_path / "mypy.ini", "--cache-dir", tmp_path / "cache", *packages, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_wheel_is_built_and_listed(made: dict[str, Path], tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(made["restoration"])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("medai_made_restoration-0.1.0-*.whl")
    target = tmp_path / "target"
    install_it = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(install_it, check=True, capture_output=True)
    # Put on the path by itself, without the sources.
    code = f"import sys; sys.path.insert(0, {str(target)!r}); from medai._cli import main; main(['list', '--plugin', 'made-restoration'])"
    listed = python({}, "-c", code, cwd=tmp_path)
    for name in ("residual-cnn", "generated", "folder", "charbonnier", "mae", "npy", "example", "results"):
        assert f"made-restoration/{name}" in listed.stdout, listed.stdout + listed.stderr
    assert (target / "medai_made_restoration" / "py.typed").is_file()
