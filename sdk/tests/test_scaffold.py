"""`medai plugin new`: what is made, and what is refused."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import medai.errors
from medai._cli import cli
from medai._discovery import registry
from medai.errors import EnvironmentFault, MedaiError, UsageError
from medai_sdk.scaffold import LICENSES, Choices, new_plugin, rendered, templated_tasks
from medai_sdk.scaffold.choose import require_current_templates

TASKS = sorted(templated_tasks())
COMMON = {
    *(".github/workflows/ci.yml", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"),
    *(f"src/medai_acme/{name}.py" for name in ("__init__", "plugin", "recipes", "tables", "metrics", "exporters")),
    *(f"src/medai_acme/{name}.py" for name in ("datasets/__init__", "datasets/generated", "datasets/folder", "models/__init__")),
    "src/medai_acme/py.typed",
    *(f"tests/test_{name}.py" for name in ("plugin", "datasets", "models", "metrics", "exporters")),
}


def choices(task: str, **other: object) -> Choices:
    return Choices(**{"name": "medai-acme", "task": task, "license": "MIT", "author": "A. Author", "year": 2030, **other})  # type: ignore[arg-type]


def test_every_task_of_medai_has_a_template() -> None:
    assert [entry.spec.name for entry in registry().entries("task") if entry.plugin.name == "medai"] == sorted(
        TASKS, key=[entry.spec.name for entry in registry().entries("task")].index
    )


@pytest.mark.parametrize("task", TASKS)
def test_a_plugin_has_all_that_it_needs_and_nothing_of_the_template(task: str) -> None:
    files = rendered(choices(task))
    # What is learnt without a reference has no loss.
    losses = set() if task == "clustering" else {"src/medai_acme/losses.py", "tests/test_losses.py"}
    (model,) = set(files) - COMMON - losses
    assert set(files) >= COMMON | losses and re.fullmatch(r"src/medai_acme/models/\w+\.py", model)
    for path, text in files.items():
        assert not re.search(r"\{[{%#]|[%#]\}\}?", text.replace("${{", "")) or path.endswith("ci.yml"), path
        assert "PACKAGE" not in text and (text.endswith("\n") or not text), path
        if path.startswith("src/"):
            assert len(text.splitlines()) < 105, f"{path} is too long to read in one go"


@pytest.mark.parametrize("task", TASKS)
def test_what_is_public_is_documented_and_annotated(task: str) -> None:
    for path, text in rendered(choices(task)).items():
        if not path.startswith("src/") or not path.endswith(".py"):
            continue
        tree = ast.parse(text)
        assert ast.get_docstring(tree), path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                assert node.returns is not None, f"{path}: {node.name}"
            if isinstance(node, ast.ClassDef):
                said = ast.get_docstring(node) or ""
                made = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
                assert said, f"{path}: {node.name}"
                for argument in made.args.args[1:] if made else ():
                    assert f"    {argument.arg}: " in said, f"{path}: {node.name} does not say what {argument.arg} is"
        if path.endswith(("plugin.py", "recipes.py", "tables.py")):
            imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert imported <= {"__future__", "medai.api", "medai_acme.recipes", "medai_acme.tables"}, path


def test_the_metadata_are_those_of_the_choices() -> None:
    held = tomllib.loads(rendered(choices("restoration", author='Ann "A" O\'Neill \\ Ö'))["pyproject.toml"])
    project = held["project"]
    assert project["name"] == "medai-acme" and project["license"] == "MIT" and "medai" in project["keywords"]
    assert project["authors"] == [{"name": 'Ann "A" O\'Neill \\ Ö'}]
    assert project["entry-points"] == {"medai.v1": {"acme": "medai_acme.plugin"}}
    assert held["tool"]["pytest"]["ini_options"]["medai_plugin"] == "medai-acme"
    assert "authors" not in tomllib.loads(rendered(choices("restoration", author=""))["pyproject.toml"])["project"]


@pytest.mark.parametrize(
    ("license", "first"), [("Apache-2.0", "Apache License"), ("MIT", "MIT License"), ("BSD-3-Clause", "BSD 3-Clause License")]
)
def test_each_licence_has_its_text(license: str, first: str) -> None:
    files = rendered(choices("regression", license=license))
    assert files["LICENSE"].strip().startswith(first)
    assert license == "Apache-2.0" or ("2030" in files["LICENSE"] and "A. Author" in files["LICENSE"])
    assert f'_LICENSE = "{license}"' in files["src/medai_acme/plugin.py"]
    assert "the authors of medai-acme" in rendered(choices("regression", author=""))["LICENSE"]
    assert set(LICENSES) == {"Apache-2.0", "MIT", "BSD-3-Clause"}


def test_a_long_name_with_hyphens_is_clean_too(tmp_path: Path) -> None:
    name = "medai-acme-institute-of-imaging-2"
    for task in TASKS:
        folder = new_plugin(name, task, into=tmp_path)
        folder.rename(tmp_path / task)
    for words in (("check",), ("format", "--diff")):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_command_makes_it_and_says_what_is_next(tmp_path: Path) -> None:
    command = ["plugin", "new", "Medai_Acme", "--task", "medai/restoration", "--license", "mit", "--into", str(tmp_path)]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    assert "medai run acme/example" in done.output and (tmp_path / "medai-acme" / "LICENSE").read_text().startswith("MIT")
    assert [path.name for path in tmp_path.iterdir()] == ["medai-acme"]
    other = CliRunner().invoke(cli, ["plugin", "new", "medai-other", "--task", "clustering", "--into", str(tmp_path), "--json"])
    assert set(json.loads(other.output)["files"]) >= {"pyproject.toml", "src/medai_other/models/k_means.py"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "medai-acme").mkdir()
    assert (new_plugin("medai-acme", "detection", into=tmp_path) / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("medai-acme!", "not valid as a distribution's name"),
        ("-medai", "not valid as a distribution's name"),
        ("medai-", "not valid as a distribution's name"),
        ("medai-é", "not valid as a distribution's name"),
        ("acme", "such as medai-acme"),
        ("medai", "called medai-SOMETHING"),
        ("medai-medai", "called medai-SOMETHING"),
        ("medai-sdk", "medai-sdk 0.1.0 is installed"),
        ("Medai_Standard", "taken: medai-standard 0.1.0 is installed"),
        ("medai.ldct", "taken: medai-ldct"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=re.escape(reason)):
        new_plugin(name, "restoration", into=tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_package_that_python_already_finds_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "medai_acme.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="already finds a package medai_acme"):
        new_plugin("medai-acme", "restoration", into=tmp_path)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--task", "restauration"], "restoration"),
        (["--task", "restoration", "--license", "Apache"], "did you mean Apache-2.0"),
        (["--task", "restoration", "--author", "a\nb"], "not one line"),
        (["--task", "restoration", "--into", "nowhere"], "nowhere: no such folder"),
        ([], "a name and a task are wanted"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["plugin", "new", "medai-acme", *options])
    assert isinstance(done.exception, MedaiError) and done.exception.exit_code == 2
    assert reason in str(done.exception) and "\n" not in str(done.exception)
    assert not any(tmp_path.iterdir())


def test_a_task_of_another_plugin_has_no_template_but_one_near_it(tmp_path: Path) -> None:
    tasks = tmp_path / "task.py"
    tasks.write_text(
        "from medai.api import TaskSpec, hookimpl\n\n\n@hookimpl\ndef medai_tasks():\n"
        "    return (TaskSpec(name='folds', target='task:Folds', summary='folds', inputs=('sequence',)),)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "medai", "--plugin", str(tasks), "plugin", "new", "medai-acme", "--task", "folds"]
    done = subprocess.run([*command, "--into", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not (tmp_path / "medai-acme").exists()
    assert "there is no template for the task task/folds" in done.stderr
    assert "of the same input (sequence) there is base-pairing" in done.stderr


@pytest.mark.parametrize("make", [lambda path: path.write_text("a file"), lambda path: (path.mkdir(), (path / "mine").touch())])
def test_what_is_there_is_not_touched(tmp_path: Path, make: object) -> None:
    make(tmp_path / "medai-acme")  # type: ignore[operator]
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="not an empty folder"):
        new_plugin("medai-acme", "restoration", into=tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_disk_that_fails_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, write = [], Path.write_text

    def failing(path: Path, *given: object, **named: object) -> int:
        written.append(path)
        if len(written) > 5:
            raise OSError(28, "No space left on device")
        return write(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", failing)
    with pytest.raises(EnvironmentFault, match=r"medai-acme: cannot be written, No space left on device; nothing was made"):
        new_plugin("medai-acme", "restoration", into=tmp_path)
    assert len(written) == 6 and not any(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EnvironmentFault, match="Permission denied"):
            new_plugin("medai-acme", "restoration", into=tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_templates_older_than_medai_are_refused() -> None:
    require_current_templates("0.1.7")
    require_current_templates("not a version")
    for newer in ("0.2.0", "1.0"):
        with pytest.raises(EnvironmentFault, match=rf"for medai 0\.1, and medai {newer} is installed: pip install -U medai-sdk"):
            require_current_templates(newer)
    assert medai.errors.EnvironmentFault.exit_code == 7


def test_making_one_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from medai_sdk.scaffold import new_plugin; new_plugin('medai-acme', 'restoration', into=sys.argv[1]);"
        "print([name for name in ('torch', 'numpy', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
