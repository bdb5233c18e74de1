"""What the documents say is so: their commands run, their example plugin works, their signatures are the hooks' own."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import blocks, commands, make_targets, needs_real_data, sequences, trial
from workspace import ROOT

import medai.errors
from medai import hookspecs
from medai._cli import COMMANDS
from medai._discovery.commands import plugged_commands
from medai._results.folder import RunFolder

README, CONTRIBUTING, GUIDE = ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "guide.md"
DATA_PAGE, STANDARD_PAGE = ROOT / "docs" / "data.md", ROOT / "docs" / "standard.md"
RNA_README = ROOT / "plugins" / "rna" / "README.md"
DOCUMENTS = [README, CONTRIBUTING, GUIDE, DATA_PAGE, STANDARD_PAGE, RNA_README]
DATA = Path(os.environ.get("MEDAI_TEST_DATA", ROOT.parent / "shared" / "data"))


def _name(document: Path) -> str:
    """`README.md`, or `rna/README.md`."""
    return document.name if document.parent in (ROOT, ROOT / "docs") else f"{document.parent.name}/{document.name}"


each = pytest.mark.parametrize("document", DOCUMENTS, ids=_name)


def run(lines: list[str], document: Path, folder: Path) -> str:
    """Run commands in order in a folder that holds the document's files; the first that fails stops it."""
    folder.mkdir()
    for block in blocks(document):
        if block.title:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.text, encoding="utf-8")
    if DATA.exists():
        (folder.parent / "shared").mkdir()
        (folder.parent / "shared" / "data").symlink_to(DATA)
    added = folder.parent / "added"
    surroundings = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MEDAI_", "PYTEST_", "MAKE"))},
        "ROOT": str(ROOT),
        "ADDED": str(added),
        "PYTHONPATH": str(added),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "80",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    script = "set -euxo pipefail\n" + "\n".join(lines)
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=surroundings, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    return done.stdout


def tried(document: Path, *, real: bool) -> list[str]:
    """The commands to try, of the blocks that read real data or of the others: what follows in a block goes on with what was made."""
    chosen = [sequence for sequence in sequences(document) if any(map(needs_real_data, sequence)) == real]
    return [line for sequence in chosen for line in map(trial, sequence) if line]


@pytest.mark.slow
@pytest.mark.parametrize("document", [README, CONTRIBUTING, RNA_README], ids=_name)
def test_commands_run(document: Path, tmp_path: Path) -> None:
    lines = tried(document, real=False)
    assert any(line.startswith("medai run") for line in lines)
    run(lines, document, tmp_path / "checkout")


def test_the_guide_repeats_commands_of_the_readme() -> None:
    assert set(commands(GUIDE)) <= set(commands(README))


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.skipif(not DATA.exists(), reason="no ../shared/data and no MEDAI_TEST_DATA")
@pytest.mark.parametrize("document", [README, DATA_PAGE, STANDARD_PAGE, RNA_README], ids=_name)
def test_commands_on_real_data_run(document: Path, tmp_path: Path) -> None:
    lines = tried(document, real=True)
    assert len(lines) >= 3
    run(lines, document, tmp_path / "checkout")
    made = [line.split(" -o ")[1].split()[0] for line in lines if " -o " in line]
    assert made
    for folder in made:
        assert list((tmp_path / "checkout" / folder).iterdir())


@each
def test_make_targets_exist(document: Path) -> None:
    for target in make_targets(document):
        done = subprocess.run(["make", "-n", "-o", ".venv/installed", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@each
def test_commands_are_in_blocks_that_are_run(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"^```(bash|shell|console|text)?\n(medai|make|pip|pytest) ", text, re.MULTILINE), "use ```sh"
    assert text.count("```") == 2 * len(list(blocks(document)))


def test_the_readme_names_every_command() -> None:
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `medai ([a-z]+)", text, re.MULTILINE)) == {*COMMANDS, *plugged_commands()}


def test_the_guide_shows_every_hook_with_its_exact_signature() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    hooks = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "medai_spec")}
    shown = re.findall(r"^def (medai_\w+\(.*)$", text, re.MULTILINE)
    assert shown == [f"{name}{str(inspect.signature(hook)).replace(chr(39), '')}" for name, hook in hooks.items()]


def test_the_guide_tells_every_exit_code() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    told = {(name, int(code)) for code, name in re.findall(r"^\| (\d) \| `(\w+)` \|", text, re.MULTILINE)}
    assert told == {
        (name, getattr(medai.errors, name).exit_code) for name in medai.errors.__all__ if hasattr(getattr(medai.errors, name), "exit_code")
    }


@pytest.mark.parametrize("document", [README, GUIDE], ids=lambda path: path.name)
def test_the_files_of_a_run_folder_are_named(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    folder = RunFolder(Path())
    for place in (folder.record, folder.split, folder.journal, folder.cases, folder.summary, folder.resamples, folder.report):
        assert f"`{place.name}`" in text
    for place in (folder.predictions, folder.last.parent):
        assert f"`{place.name}/`" in text


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8"))
    assert not [target for target in targets if "://" not in target and not (document.parent / target).exists()]


@each
def test_every_command_is_either_tried_or_a_make_target(document: Path) -> None:
    for line in commands(document):
        assert trial(line) or line.startswith("make ") or line == "source .venv/bin/activate"
