"""Plugins that were written against earlier versions of medai, found by real discovery and run as they are."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medai import hookspecs
from medai_sdk.surface import record_of

HERE = Path(__file__).parent
VERSION = "1.0"
# Together in one process, so that the commands run once.
pytestmark = pytest.mark.xdist_group("frozen")
FROZEN = HERE / VERSION
RECORD = record_of("0.1")
"""The surface of the version that they were written against."""

NOT_FOR_PLUGINS = {
    "medai.api.run": "for scripts",
    "medai.api.open_run": "for scripts",
    "medai.errors.MedaiDeprecationWarning": "a plugin does not raise it",
    **dict.fromkeys(
        (
            *("medai.api.Chart", "medai.api.Claim", "medai.api.Reported", "medai.api.read_reported"),
            "medai.io.require_folder",
            *("medai.tasks.Remark", "medai.tasks.TrainingMetric"),
            *("medai.inference.BoxFrame", "medai.inference.Frame", "medai.inference.IMAGENET", "medai.inference.PLAIN"),
            *("medai.inference.Size", "medai.inference.Statistics", "medai.inference.Window", "medai.inference.steady"),
        ),
        "came after the plugins were frozen",
    ),
}
LATER_FIELDS = {
    "Cell": {"averaged_with", "groups", "incomparable", "test"},
    "Table": {"charts", "claims", "data", "guest", "note", "protocol"},
    "Recipe": {"protocols"},
    "Split": {"by", "leaks", "likeness", "without"},
    "Chart": {"against", "columns", "label", "of", "rows", "title"},
    "Claim": {"column", "pairs", "text"},
    "Reported": {"column", "note", "row", "spread", "value"},
}
"""Fields that records were given after the plugins were frozen: who wrote a plugin without them must not notice."""


def files() -> list[Path]:
    found = (path for path in sorted(FROZEN.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return [path for path in found if path.name not in ("SHA256SUMS", "README.md")]


def test_they_are_never_edited() -> None:
    """A plugin that would have to be edited shows that medai has broken its promise: mend medai."""
    stated = dict(reversed(line.split("  ")) for line in (FROZEN / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    assert {path.relative_to(FROZEN).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files()} == stated


# What they use.


def trees() -> Iterator[ast.Module]:
    for path in files():
        if path.suffix == ".py":
            yield ast.parse(path.read_text(encoding="utf-8"))


def used_names() -> set[str]:
    """`medai.io.read_image` for each public name that the code imports and uses, or reaches through its module."""
    found = set()
    for tree in trees():
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("medai.")]
        loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        found |= {f"{node.module}.{name.name}" for node in imports for name in node.names if (name.asname or name.name) in loaded}
        found |= {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found


@pytest.mark.parametrize("module", ["medai.api", "medai.errors", "medai.inference", "medai.io", "medai.tasks", "medai.weights"])
def test_every_public_name_is_used(module: str) -> None:
    public = {f"{module}.{name}" for name in RECORD[module]}
    assert sorted(public - used_names() - set(NOT_FOR_PLUGINS)) == []


def test_what_is_said_not_to_be_used_is_not() -> None:
    assert not used_names() & set(NOT_FOR_PLUGINS)


def test_every_field_of_a_record_is_given() -> None:
    """As a keyword, by name; `Use` and `RunRef` are made by their functions as well."""
    given: dict[str, set[str]] = {}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given.setdefault(node.func.id, set()).update(keyword.arg for keyword in node.keywords if keyword.arg)
    # What is handed on as `**_CT`.
    shared = {"task", "license", "source"}
    specs = {name for name in RECORD["medai.api"] if name.endswith("Spec")}
    of_specs = set().union(*(given.get(name, set()) for name in specs)) | shared
    assert set(RECORD["medai.api"]["ExporterSpec"]["fields"]) - of_specs == set()
    for name, thing in RECORD["medai.api"].items():
        if name not in (*specs, "Use", "RunRef") and "fields" in thing:
            assert set(thing["fields"]) - given.get(name, set()) == LATER_FIELDS.get(name, set()), name


def test_every_method_of_a_protocol_is_written_or_called() -> None:
    names = {node.name for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names |= {node.attr for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {
        call for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call) for call in [f"__{ast.unparse(node.func)}__"]
    }
    protocols = {name: thing for name, thing in RECORD["medai.tasks"].items() if "implementation" in str(thing)}
    assert len(protocols) > 8
    for name, thing in protocols.items():
        assert set(thing["methods"]) - names == set(), name


BY_NAME_ALONE = {
    *("write_stub", "unlabelled", "facts", "single_subject", "limits", "stack", "to"),
    *("training_step", "turns", "parameters_for", "prepare"),
}
"""What a component may offer that no protocol names."""


def test_what_a_component_may_offer_beside_is_offered() -> None:
    names = {node.name for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names |= {node.id for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert BY_NAME_ALONE - names == set()


# What becomes of them.


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of each command, by its beginning, in a process that has the frozen plugins installed."""
    folder = tmp_path_factory.mktemp("frozen")
    paths = [str(path.parent) for path in sorted(FROZEN.glob("*/*.dist-info"))]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MEDAI_", "PYTHONWARNINGS"))},
        "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "MEDAI_STRICT_PLUGINS": "1",
        "MEDAI_PLUGINS": ",".join(Path(path).name for path in paths),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    ended = subprocess.run([sys.executable, HERE / "exercise.py", folder], env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return {each["command"]: each for each in json.loads((folder / "commands.json").read_text(encoding="utf-8"))}


def one(done: dict[str, dict[str, Any]], *words: str) -> dict[str, Any]:
    (found,) = [each for command, each in done.items() if all(word in command for word in words)]
    return found


def test_every_command_succeeds(done: dict[str, dict[str, Any]]) -> None:
    failed = {command: each["err"][-1000:] for command, each in done.items() if each["code"] != 0}
    assert failed == {}
    assert len(done) >= 20


def test_nothing_that_they_use_warns_but_what_they_renamed(done: dict[str, dict[str, Any]]) -> None:
    said = [line for each in done.values() for line in each["err"].splitlines() if "deprecated" in line or "is called" in line]
    assert said == ["warning: recipe scans/denoise is called scans/clean now; the old name goes in medai-scans 2.0"]


def test_every_hook_is_asked(done: dict[str, dict[str, Any]]) -> None:
    listed = json.loads(one(done, "list --json")["out"])
    kinds = {item["kind"] for item in listed if item["plugin"] != "medai"}
    assert {f"medai_{plural}" for plural in ("tasks", "datasets", "models", "losses", "metrics", "exporters", "recipes", "tables")} == {
        name for name, hook in vars(hookspecs).items() if hasattr(hook, "medai_spec")
    }
    assert kinds == {"task", "dataset", "model", "loss", "metric", "exporter", "recipe", "table"}
    assert {item["plugin"] for item in listed} == {"medai", "scans", "strata", "triage"}


@pytest.mark.parametrize(
    ("recipe", "figures"),
    [
        ("scans/clean", {"psnr", "bias"}),
        ("scans/twice", {"psnr", "bias"}),
        ("scans/duel", {"psnr", "bias"}),
        ("strata/group", {"adjusted-rand", "nmi"}),
        ("strata/measure", {"mae"}),
        ("triage/sort", {"off-by"}),
        ("triage/finder", {"ap50"}),
        ("triage/bright", {"dice"}),
        ("triage/hairpin", {"f1"}),
    ],
)
def test_a_run_measures(done: dict[str, dict[str, Any]], recipe: str, figures: set[str]) -> None:
    summary = json.loads(one(done, f"run {recipe} --stub")["out"])
    assert figures <= set(summary["figures"])


def test_what_is_easy_is_answered(done: dict[str, dict[str, Any]]) -> None:
    for recipe, figure in (("triage/finder", "ap50"), ("triage/bright", "dice"), ("triage/hairpin", "f1"), ("strata/name", "accuracy")):
        assert json.loads(one(done, f"run {recipe} --stub")["out"])["figures"][figure]["value"] > 0.9


def test_predictions_and_exports_are_written(done: dict[str, dict[str, Any]]) -> None:
    folder = Path(one(done, "predict", "scans-clean")["command"].split(" -o ")[1].split()[0]).parent
    assert list((folder / "cleaned").rglob("*.dcm"))
    assert "new" in (folder / "grouped" / "predictions.csv").read_text()
    (answer,) = (folder / "sorted").rglob("*.json")
    assert json.loads(answer.read_text())["score"] == 2.0
    for name in ("model.safetensors", "bag.json", "work.csv", "answers.csv"):
        assert list(folder.rglob(f"exports/**/{name}")), name
    assert list(folder.rglob("exports/**/*.dcm"))


def test_a_recipes_document_takes_all_fields(done: dict[str, dict[str, Any]]) -> None:
    found = json.loads(one(done, "show scans/denoise")["out"])
    assert found[0]["id"] == "scans/clean"
    assert set(found[0]["content"]) >= set(RECORD["medai.api"]["Recipe"]["fields"])
