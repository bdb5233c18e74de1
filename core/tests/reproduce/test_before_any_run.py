"""What is wrong with an order for a table is told before anything is trained."""

from __future__ import annotations

import json
import re
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Reproduce = Callable[..., Any]
TABLE = "tabletoys/table-1"


@pytest.fixture
def one(reproduce: Reproduce) -> str:
    """A folder of fourteen subjects, in the empty folder where the command runs."""
    assert not list(Path().iterdir())
    Path("one").mkdir()
    Path("one/count.txt").write_text("14", encoding="utf-8")
    return "one"


def trained() -> list[str]:
    return sorted(path.parent.name for path in Path().rglob("run.json") if "evaluations" not in path.parts)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--scale", "huge"), 2, "tabletoys/table-1 has no scale 'huge': there is paper and quick"),
        (("--protocol", "honst"), 2, "tabletoys/table-1 has no protocol 'honst': did you mean honest?"),
        (("--device", "cudda"), 2, "--device 'cudda'"),
        (("--with", "net.py:"), 2, "net.py: name the class of the network"),
        (("--with", "net.py:Nett"), 2, "has no class or function 'Nett'"),
        (("--with", "net.py:Wants"), 2, "net.py: Wants cannot be built"),
        (("--with", "broken.py:Net"), 3, "broken.py: cannot be run: SyntaxError"),
        (("--with", "mine=net.py:Net", "--with", "mine=net.py:Net"), 2, "has a row 'mine' already"),
    ],
)
@pytest.mark.parametrize("dry", [False, True], ids=["run", "rehearsal"])
@pytest.mark.usefixtures("one")
def test_what_cannot_be_done_is_said_at_once(
    reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str, *, dry: bool
) -> None:
    monkeypatch.delitem(sys.modules, "net", raising=False)
    Path("broken.py").write_text("def (", encoding="utf-8")
    text = "from torch import nn\nNet = nn.Identity\nclass Wants(nn.Module):\n    def __init__(self, width): ...\n"
    Path("net.py").write_text(text, encoding="utf-8")
    found = reproduce(TABLE, "--row", "LDCT", *arguments, *(("--dry-run",) if dry else ()))
    assert found.code == code and message in found.err
    assert not trained() and not Path("reproductions/tabletoys-table-1").exists()


def test_data_that_cannot_be_used_cost_no_training(reproduce: Reproduce, one: str) -> None:
    given = (TABLE, "--scale", "quick", "--data", f"first={one}", "--data", "second=nowhere")
    rehearsed = reproduce(*given, "--dry-run")
    assert rehearsed.code == 3 and not Path("reproductions").exists()
    # The network on the first data is tested on the second too: it would be trained for nothing.
    assert "cannot be made, 3 of 3 runs: " in rehearsed.out and rehearsed.out.count("nowhere: there is no count.txt") == 1
    runs = json.loads(reproduce(*given, "--dry-run", "--json").out)["runs"]
    assert len(runs) == 3 and all(run["why_not"].endswith("nowhere: there is no count.txt") for run in runs)
    refused = reproduce(*given)
    assert refused.code == 3 and "nowhere: there is no count.txt" in refused.err
    assert not trained() and not Path("reproductions/tabletoys-table-1").exists()


def test_a_run_whose_data_can_be_used_is_made_beside_one_whose_cannot(reproduce: Reproduce, one: str) -> None:
    found = reproduce("tabletoys/table-4", "--data", f"first={one}", "--data", "second=nowhere", "--json")
    cells = {cell["column"]: cell for cell in json.loads(found.out)["cells"]}
    assert found.code == 3
    assert cells["Here"]["measured"] is not None and cells["There"]["why"].endswith("nowhere: there is no count.txt")
    assert len(trained()) == 1


def test_a_patient_who_is_not_there_is_missed_before_training(reproduce: Reproduce, one: str) -> None:
    Path(one, "count.txt").write_text("3", encoding="utf-8")
    found = reproduce("tabletoys/table-5", "--data", f"first={one}")
    assert found.code == 3 and "the group 'p5' is not in the test part, which has p1" in found.err
    assert not trained()


def test_a_rehearsal_says_a_reason_once(reproduce: Reproduce, one: str) -> None:
    found = reproduce(TABLE, "--data", f"first={one}", "--dry-run")
    assert found.code == 0
    assert "cannot be measured, 3 of 8 cells (LDCT, Net): no folder was given for second" in found.out
    assert found.out.count("no folder was given") == 1


def test_a_rehearsal_on_stub_data_knows_what_is_done(reproduce: Reproduce) -> None:
    given = ("tabletoys/table-4", "--stub")
    assert "2 runs, 2 missing" in reproduce(*given, "--dry-run").out
    assert reproduce(*given).code == 0
    assert "2 runs, 0 missing" in reproduce(*given, "--dry-run").out


def test_stub_data_that_were_cut_off_are_written_anew(reproduce: Reproduce) -> None:
    cut = Path("reproductions/stub/tabletoys-table-4/.first")
    cut.mkdir(parents=True)
    assert reproduce("tabletoys/table-4", "--stub").code == 0
    assert not cut.exists() and cut.with_name("first").is_dir()


def test_a_folder_that_has_changed_since_is_remarked(reproduce: Reproduce, one: str) -> None:
    given = ("tabletoys/table-5", "--scale", "quick", "--data", f"first={one}")
    assert "holds other files" not in reproduce(*given).err
    (run,) = trained()
    Path(one, "count.txt").write_text("8", encoding="utf-8")
    again = reproduce(*given)
    assert again.code == 0 and trained() == [run]
    said = f"holds other files than when runs/{run} was made: delete what is to be made anew"
    assert said in again.err and said in Path("reproductions/tabletoys-table-5/table.md").read_text(encoding="utf-8")
    Path(one, "more.txt").write_text("", encoding="utf-8")
    assert "not measured" not in reproduce(*given).out


def test_a_table_whose_data_are_gone_stands_without_pictures(reproduce: Reproduce, one: str) -> None:
    given = ("tabletoys/table-5", "--scale", "quick", "--data", f"first={one}")
    assert reproduce(*given).code == 0
    shutil.rmtree(one)
    assert reproduce(*given).code == 0
    page = Path("reproductions/tabletoys-table-5/report.html").read_text(encoding="utf-8")
    assert "no pictures: " in page and "there is no count.txt" in page and "One case, every method" not in page


def test_a_network_that_fails_is_told_by_its_file_and_leaves_the_others(reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fails", raising=False)
    text = "from torch import nn\nclass Fails(nn.Conv2d):\n    def __init__(self): super().__init__(1, 1, 1)\n"
    Path("fails.py").write_text(f"{text}    def forward(self, pixels): raise ValueError('too dark')\n", encoding="utf-8")
    found = reproduce("tabletoys/table-2", "--row", "Net", "--with", "fails.py:Fails", "--json")
    cells = {cell["row"]: cell for cell in json.loads(found.out)["cells"]}
    assert cells["Net"]["measured"] is not None
    assert re.fullmatch(r"model Fails of \S+fails\.py failed: ValueError: too dark", cells["Fails"]["why"])


def test_a_rehearsal_says_what_data_warn_of_as_a_run_does(reproduce: Reproduce, one: str) -> None:
    Path(one, "count.txt").write_text("14 blurred", encoding="utf-8")
    with warnings.catch_warnings():
        found = reproduce("tabletoys/table-5", "--data", f"first={one}", "--dry-run")
    assert found.code == 0
    assert set(found.err.splitlines()) == {"warning: blurred"}
