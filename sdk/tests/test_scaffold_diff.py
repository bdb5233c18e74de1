"""`medai plugin new --diff`: what a newer template would change."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import medai_sdk.scaffold.changes
from medai._cli import cli
from medai.errors import DataError, EnvironmentFault, MedaiError, UsageError
from medai_sdk.scaffold import Change, compare, new_plugin, rendered
from medai_sdk.scaffold.render import hash_of

METRICS, LOSSES = "src/medai_acme/metrics.py", "src/medai_acme/losses.py"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return new_plugin("medai-acme", "restoration", into=tmp_path)


def made_of_older(plugin: Path, path: str, text: str) -> None:
    """As though the template of then had been another: the file, and what was recorded of it."""
    record = plugin / "pyproject.toml"
    now = hash_of(path, (plugin / path).read_text(encoding="utf-8"))
    (plugin / path).write_text(text, encoding="utf-8")
    held = record.read_text(encoding="utf-8")
    record.write_text(held.replace(f'"{path}" = "{now}"', f'"{path}" = "{hash_of(path, text)}"'), encoding="utf-8")


def changes(plugin: Path) -> dict[str, Change]:
    return {change.path: change for change in compare(plugin).changes}


def diff_of(plugin: Path, *options: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["plugin", "new", "--diff", str(plugin), *options])
    return done.exit_code, done.stdout, done.stderr


def test_of_a_new_plugin_there_is_nothing_even_after_the_author_worked_on_it(plugin: Path) -> None:
    assert diff_of(plugin) == (0, "", "medai-acme was made by medai-sdk 0.1.0 for medai 0.1; there is nothing to change\n")
    for path in (METRICS, "pyproject.toml", "README.md"):
        (plugin / path).write_text("# mine\n" + (plugin / path).read_text(encoding="utf-8"), encoding="utf-8")
    (plugin / LOSSES).unlink()
    assert diff_of(plugin)[:2] == (0, "")


def test_a_file_that_the_template_changed_is_shown_and_can_be_applied(plugin: Path) -> None:
    wanted = (plugin / METRICS).read_text(encoding="utf-8")
    made_of_older(plugin, METRICS, wanted.replace('better: Literal["higher", "lower"] = "lower"', "better = 'lower'"))
    (plugin / "README.md").write_text("mine\n", encoding="utf-8")
    code, patch, said = diff_of(plugin)
    assert code == 1 and f"{METRICS}: the template changed it, yours is as it was made" in said and "README" not in said
    assert f"--- a/{METRICS}\n+++ b/{METRICS}\n" in patch
    assert "-    better = 'lower'\n+    better: Literal" in patch
    subprocess.run(["git", "init", "-q"], cwd=plugin, check=True)
    subprocess.run(["git", "apply"], input=patch, text=True, cwd=plugin, check=True)
    assert (plugin / METRICS).read_text(encoding="utf-8") == wanted and (plugin / "README.md").read_text(encoding="utf-8") == "mine\n"
    # The record is in the patch, so that nothing is left to show.
    assert diff_of(plugin)[:2] == (0, "")


def test_where_the_author_changed_the_same_file_it_is_said(plugin: Path) -> None:
    text = (plugin / METRICS).read_text(encoding="utf-8")
    made_of_older(plugin, METRICS, text.replace("import math\n", "import cmath\n"))
    (plugin / METRICS).write_text("# my own\n" + text.replace("import math\n", "import cmath\n"), encoding="utf-8")
    found = changes(plugin)[METRICS]
    assert (found.template, found.yours) == ("changed", "changed")
    assert "-# my own\n" in found.diff and "-import cmath\n+import math\n" in found.diff
    assert "would take your changes back" in diff_of(plugin)[2]


def test_files_that_came_went_and_were_deleted(plugin: Path) -> None:
    record = plugin / "pyproject.toml"
    text = record.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith((f'"{METRICS}"', '".gitignore"'))]
    gone = hash_of("src/medai_acme/old.py", "old\n")
    record.write_text("".join(kept) + f'"src/medai_acme/old.py" = "{gone}"\n', encoding="utf-8")
    (plugin / "src/medai_acme/old.py").write_text("old\n", encoding="utf-8")
    (plugin / METRICS).unlink()
    (plugin / ".gitignore").write_text("mine\n", encoding="utf-8")
    made_of_older(plugin, LOSSES, "older\n")
    (plugin / LOSSES).unlink()
    found = {path: (change.template, change.yours, bool(change.diff)) for path, change in changes(plugin).items()}
    assert found == {
        METRICS: ("added", "as it was made", True),
        ".gitignore": ("added", "your own", True),
        "src/medai_acme/old.py": ("removed", "as it was made", False),
        LOSSES: ("changed", "deleted", False),
        "pyproject.toml": ("changed", "as it was made", True),
    }
    assert "--- /dev/null\n+++ b/src/medai_acme/metrics.py\n" in changes(plugin)[METRICS].diff


def test_pyproject_keeps_what_the_author_wrote_in_it(plugin: Path) -> None:
    record = plugin / "pyproject.toml"
    made_of_older(plugin, METRICS, "older\n")
    mine = record.read_text(encoding="utf-8").replace('version = "0.1.0"\ndescription', 'version = "7.0.0"\ndescription')
    record.write_text(mine + "\n[tool.mine]\nkept = true\n", encoding="utf-8")
    found = changes(plugin)["pyproject.toml"]
    removed = [line for line in found.diff.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert removed == [f'-"{METRICS}" = "{hash_of(METRICS, "older" + chr(10))}"']


def test_a_change_of_pyproject_itself_is_shown(plugin: Path) -> None:
    record = plugin / "pyproject.toml"
    text = record.read_text(encoding="utf-8")
    older = text.replace("line-length = 140", "line-length = 100")
    old, new = hash_of("pyproject.toml", older), hash_of("pyproject.toml", text)
    record.write_text(older.replace(f'"pyproject.toml" = "{new}"', f'"pyproject.toml" = "{old}"'), encoding="utf-8")
    (found,) = compare(plugin).changes
    assert found.yours == "as it was made" and "-line-length = 100\n+line-length = 140\n" in found.diff


def test_json_says_the_same(plugin: Path) -> None:
    code, said, _ = diff_of(plugin, "--json")
    assert code == 0 and json.loads(said)["changes"] == []
    made_of_older(plugin, METRICS, "older\n")
    code, said, _ = diff_of(plugin, "--json")
    held = json.loads(said)
    assert code == 1 and held["name"] == "medai-acme" and held["made"] == {"sdk": "0.1.0", "api": "0.1"}
    assert [(each["path"], each["template"], each["yours"]) for each in held["changes"]] == [
        (METRICS, "changed", "as it was made"),
        ("pyproject.toml", "changed", "as it was made"),
    ]


def test_an_older_interface_is_said(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medai_sdk.scaffold.changes, "API", "0.3")
    assert "this is medai-sdk 0.1.0, for medai 0.3: its template is of an older interface" in diff_of(plugin)[2]


def test_a_plugin_of_a_newer_sdk_and_a_sdk_older_than_medai_are_refused(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = plugin / "pyproject.toml"
    text = record.read_text(encoding="utf-8")
    head, tail = text.split("[tool.medai.template]")
    record.write_text(head + "[tool.medai.template]" + tail.replace('version = "0.1.0"', 'version = "9.0"'), encoding="utf-8")
    with pytest.raises(EnvironmentFault, match=r"made by medai-sdk 9\.0, and this is 0\.1\.0, which is older: pip install -U"):
        compare(plugin)


@pytest.mark.parametrize(
    ("before", "after", "kind", "reason"),
    [
        ("[tool.medai.template", "[tool.medai.other", UsageError, "was not made by medai plugin new"),
        ("year = ", "years = ", DataError, "year is missing"),
        ('api = "0.1"', "api = 0.1", DataError, "api is missing or of another type"),
        ('api = "0.1"', 'api = "zero"', DataError, "zero"),
        ('task = "restoration"', 'task = "restauration"', DataError, "no template for the task 'restauration'.*restoration"),
        ("[project]", "[project", DataError, "cannot be read"),
        ("[tool.medai.template.files]", "[tool.medai.template.others]", DataError, "files is missing"),
    ],
)
def test_a_damaged_record_is_named(plugin: Path, before: str, after: str, kind: type[MedaiError], reason: str) -> None:
    record = plugin / "pyproject.toml"
    text = record.read_text(encoding="utf-8")
    assert before in text
    record.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(kind, match=rf"pyproject\.toml.*{reason}"):
        compare(plugin)


def test_a_folder_without_a_plugin_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no pyproject\.toml"):
        compare(tmp_path)


def test_what_was_recorded_are_the_hashes_of_the_files(plugin: Path) -> None:
    recorded = compare(plugin).recorded
    assert recorded.files == {path: hash_of(path, text) for path, text in rendered(recorded.choices).items()}
    assert recorded.files == {path: hash_of(path, (plugin / path).read_text(encoding="utf-8")) for path in recorded.files}
