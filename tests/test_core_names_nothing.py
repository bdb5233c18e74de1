"""The core knows no task outside the tasks' own folder, and no plugin anywhere: not in code, not in a comment, not in a template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from pydicom.datadict import keyword_dict

from medai.tasks.plugin import medai_tasks

REPOSITORY = Path(__file__).parent.parent
CORE = REPOSITORY / "core" / "src" / "medai"
TASKS = CORE / "tasks"
# The six papers' plugins, whether their folders are there yet or not.
PAPERS = ("ldct", "annotation", "breast", "rna", "alzheimer", "lumbar")
# Words of everyday English or of the field: the plugin is meant only where they stand as an id or as a name of a package.
ORDINARY = frozenset({"standard", "annotation", "rna"})


def words(line: str) -> list[str]:
    """The words of a line in small letters; identifiers are taken apart (`BoxDetector`, `box_detector`), but for DICOM's own keywords."""
    others = re.sub(r"[A-Za-z]+", lambda found: "" if found[0] in keyword_dict else found[0], line)
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", others)
    return re.findall(r"[a-z0-9]+", apart.lower())


def task_forms(names: Iterable[str]) -> frozenset[str]:
    """The words that name a task: its name's last word, its plural, and who does it (`detection`, `detections`, `detector`)."""
    forms = set()
    for name in names:
        word = words(name)[-1]
        forms |= {word, f"{word}s"}
        if word.endswith("fication"):
            forms |= {f"{word[:-8]}{end}" for end in ("fier", "fiers")}
        elif word.endswith("ation"):
            forms |= {f"{word[:-5]}{end}" for end in ("er", "ers", "ator", "ators")}
        elif word.endswith("ion"):
            forms |= {f"{word[:-3]}{end}" for end in ("or", "ors")}
    return frozenset(forms)


def plugin_pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Where a plugin is named: as a word, or, when it is an ordinary one, as `name/...`, `medai-name`, `medai_name` or in quotes."""
    parts = []
    for name in sorted(names):
        parts.append(rf"""\b{name}/[a-z]|\bmedai[-_]{name}\b|["'`]{name}["'`]""")
        if name not in ORDINARY:
            parts.append(rf"(?i:(?<![a-z]){name}(?![a-z]))")
    return re.compile("|".join(parts))


def lines(root: Path) -> Iterator[tuple[Path, int, str]]:
    """Every line of text below a folder; its path stands as the line 0, for files have names too."""
    for path in sorted(root.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        yield path, 0, path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font
        for number, line in enumerate(text.splitlines(), start=1):
            yield path, number, line


def violations(core: Path, tasks: Iterable[str], plugins: Iterable[str]) -> list[str]:
    """`path:line: what is named` for each place in a core's source that names a task or a plugin."""
    forms, pattern = task_forms(tasks), plugin_pattern(plugins)
    found = []
    for path, number, line in lines(core):
        where = f"{path.relative_to(core).as_posix()}:{number}"
        if not path.is_relative_to(core / "tasks"):
            found += [f"{where}: task {word!r}" for word in words(line) if word in forms]
        found += [f"{where}: plugin {match[0]!r}" for match in pattern.finditer(line)]
    return found


def task_names() -> list[str]:
    return [spec.name for spec in medai_tasks()]


def plugin_names() -> set[str]:
    return {path.name for path in (REPOSITORY / "plugins").glob("*") if path.is_dir()} | set(PAPERS) | {"standard"}


def test_the_core_names_no_task_and_no_plugin() -> None:
    tasks = {"restoration", "classification", "segmentation", "regression", "clustering", "detection", "base-pairing"}
    assert tasks <= set(task_names())
    assert len(list(lines(CORE))) > 1000
    assert violations(CORE, task_names(), plugin_names()) == []


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("_engine/a.py", 'if task == "detection":', "task 'detection'"),
        ("_engine/a.py", "# restoration needs a window", "task 'restoration'"),
        ("_engine/a.py", "class BoxDetector:", "task 'detector'"),
        ("_engine/a.py", "from medai.tasks.classification import Label", "task 'classification'"),
        ("_engine/a.py", "def train_classifier():", "task 'classifier'"),
        ("_report/page.html", "<h2>Base pairing</h2>", "task 'pairing'"),
        ("_report/detection.css", "", "task 'detection'"),
        ("_engine/a.py", 'build("ldct/edcnn")', "plugin 'ldct/e'"),
        ("_engine/a.py", "# as the breast plugin does", "plugin 'breast'"),
        ("_engine/a.py", "import medai_standard", "plugin 'medai_standard'"),
        ("_engine/a.py", 'exporter = "standard/predictions"', "plugin 'standard/p'"),
        ("tasks/a.py", "from medai_rna import fold", "plugin 'medai_rna'"),
        ("io/a.py", "plugin = 'annotation'", "plugin \"'annotation'\""),
    ],
)
def test_a_planted_name_is_caught(tmp_path: Path, file: str, text: str, named: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(f'"""A module."""\n{text}\n')
    assert [item for item in violations(tmp_path, task_names(), plugin_names()) if item.endswith(named)]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("tasks/detection/task.py", "class Detection:"),
        ("_engine/a.py", "from __future__ import annotations"),
        ("_engine/a.py", "# the standard library; a parameter's annotation; such as RNA; a standard deviation"),
        ("_engine/a.py", "# detects a device, repairing what is restored; classify errors"),
        ("io/a.py", 'KEPT = ("GantryDetectorTilt", "DistanceSourceToDetector")'),
    ],
)
def test_ordinary_words_pass(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert violations(tmp_path, task_names(), plugin_names()) == []
