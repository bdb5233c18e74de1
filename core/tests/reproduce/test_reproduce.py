"""A table rebuilt: what is run, what is said beside what is reported, and what becomes of that which fails."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai.io import read_image

Reproduce = Callable[..., Any]
TABLE = "tabletoys/table-1"
FILES = Path("reproductions/tabletoys-table-1")


def cells(found: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(cell["row"], cell["column"]): cell for cell in json.loads(found.out)["cells"]}


def folder(name: str, count: int) -> str:
    Path(name).mkdir()
    (Path(name) / "count.txt").write_text(str(count), encoding="utf-8")
    return name


def runs() -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in Path("reproductions/runs").glob("*/summary.json")}


def test_embedded_data_are_measured_and_not_compared(reproduce: Reproduce) -> None:
    found = reproduce(TABLE, "--json")
    assert found.code == 0, found.err
    made = cells(found)
    # Three runs for eight cells: each method on the first data, and the network on the second too.
    assert len(runs()) == 3
    own = json.loads(next(Path("reproductions/runs").glob("tabletoys-input-first*/summary.json")).read_text(encoding="utf-8"))
    assert made["LDCT", "PSNR"]["measured"] == own["figures"]["psnr"]["value"]
    assert made["LDCT", "PSNR"]["verdict"] == "not comparable" and made["LDCT", "PSNR"]["why"] == "embedded data, not the paper's"
    assert made["Net", "PSNR"]["why"] == "embedded data, not the paper's; scale quick"
    assert made["Net", "PSNR elsewhere"]["why"].startswith("nobody knows the dose")
    # Stronger noise on the other data: six decibels.
    apart = made["LDCT", "PSNR"]["measured"] - made["LDCT", "PSNR elsewhere"]["measured"]
    assert apart == pytest.approx(6, abs=0.5)
    parameters = made["Net", "Parameters"]
    # Of the paper's model, which the scale has made larger.
    assert (parameters["measured"], parameters["verdict"], parameters["cases"]) == (2.0, "within", 0)
    both = [
        json.loads(next(Path("reproductions/runs").glob(f"tabletoys-net-{name}-*/summary.json")).read_text(encoding="utf-8"))
        for name in ("first", "second")
    ]
    assert made["Net", "Mean"]["measured"] == pytest.approx(sum(each["figures"]["psnr"]["value"] for each in both) / 2)
    # Of both test sets: six subjects each.
    assert (made["Net", "Mean"]["cases"], made["Net", "Mean"]["groups"], made["Net", "PSNR"]["cases"]) == (12, 12, 6)
    assert len({cell["protocol_hash"] for cell in made.values() if cell["protocol_hash"]}) == 1


def test_what_is_there_is_not_made_again(reproduce: Reproduce) -> None:
    assert reproduce(TABLE).code == 0
    before = runs()
    evaluation = next(Path("reproductions/runs").glob("tabletoys-net-first*/evaluations/second-*"))
    shutil.rmtree(evaluation)
    left = reproduce(TABLE, "--dry-run").out
    assert "3 runs, 1 missing" in left and "what is missing is its evaluation on other data" in left
    found = reproduce(TABLE)
    assert "8 cells, 3 runs, 2 of them done" in found.err and (evaluation / "summary.json").exists()
    assert runs() == before
    assert "3 of them done" in reproduce(TABLE).err


def test_a_run_is_measured_anew_on_other_data(reproduce: Reproduce) -> None:
    given = (TABLE, "--row", "LDCT", "--json", "--data", f"first={folder('one', 14)}")
    before = cells(reproduce(*given, "--data", f"second={folder('two', 14)}"))
    made = runs()
    after = cells(reproduce(*given, "--data", f"second={folder('more', 22)}"))
    assert (before["LDCT", "PSNR elsewhere"]["cases"], after["LDCT", "PSNR elsewhere"]["cases"]) == (7, 11)
    assert runs() == made
    assert cells(reproduce(*given, "--data", "second=two"))["LDCT", "PSNR elsewhere"] == before["LDCT", "PSNR elsewhere"]


def test_the_files_of_a_table(reproduce: Reproduce) -> None:
    printed = reproduce(TABLE).out
    with (FILES / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["LDCT"] * 3 + ["Net"] * 5
    assert float(rows[0]["reported"]) == 20.0 and rows[3]["note"] == "printed twice"
    markdown = (FILES / "table.md").read_text(encoding="utf-8")
    assert "| row | column | reported | measured | 95 % interval | n | verdict |" in markdown and "- the table as a whole" in markdown
    tex = (FILES / "table.tex").read_text(encoding="utf-8")
    assert tex.count(r"\\") == 4 and r"\multicolumn{2}{c}{PSNR elsewhere}" in tex
    assert {path.name for path in FILES.glob("*.png")} == {"mean-against-parameters.png", "bars.png", "reported-and-measured.png"}
    page = (FILES / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 3 + 2 and "Net, PSNR: printed twice" in page  # three charts; one case by two methods
    # What a reader came for stands first.
    heads = ["Reported and measured", "Charts", "One case, every method", "Runs"]
    assert sorted(heads, key=lambda head: page.index(f"<h2>{head}</h2>")) == heads
    assert "note: Net, PSNR: printed twice" in printed
    ahead = next(line for line in printed.splitlines() if " is ahead (" in line and line.startswith("PSNR: "))
    claim = next(line for line in printed.splitlines() if line.startswith("claim: “twice the PSNR”: PSNR of the printed figures +0%"))
    assert all(f"- {line}" in markdown and f"<li>{line}</li>" in page for line in (ahead, claim))
    held = json.loads((FILES / "table.json").read_text(encoding="utf-8"))
    assert held["standings"][0] == ahead and held["claims"][0]["measured"]["over"] == "LDCT"
    # What many cells share is said once, under its number.
    assert printed.count("embedded data, not the paper's") == 1 and printed.count("not comparable (1") >= 3
    assert "\n(1) embedded data, not the paper's" in printed and "- (1) embedded data" in markdown and "(1) embedded data" in page
    assert "figures of the models themselves are of this machine: " in page and ", 1 thread" in markdown
    # Baselines have rows of their own, and none is left out.
    assert "train.steps = 10" in page and "baselines" not in page


def test_the_paper_s_data_at_its_scale_get_a_verdict(reproduce: Reproduce) -> None:
    given = ("--data", f"first={folder('one', 14)}", "--data", f"second={folder('two', 14)}", "--json")
    found = reproduce(TABLE, *given)
    assert found.code == 0, found.err
    made = cells(found)
    first = made["LDCT", "PSNR"]
    # Seven test subjects: noise of a tenth of the range is 20 dB.
    assert (first["verdict"], first["groups"], first["why"]) == ("within", 7, "") and first["low"] < 20 < first["high"]
    assert (made["LDCT", "RMSE"]["verdict"], made["Net", "RMSE"]["verdict"]) == ("below", "above")
    assert made["LDCT", "PSNR elsewhere"]["verdict"] == "above"
    assert made["Net", "PSNR elsewhere"]["verdict"] == "not comparable"
    quick = cells(reproduce("tabletoys/table-2", "--row", "Net", *given[:2], "--scale", "quick", "--json"))
    assert quick["Net", "PSNR"]["why"] == "scale quick"
    assert cells(reproduce(TABLE, *given, "--row", "LDCT", "--scale", "quick"))["LDCT", "PSNR"]["verdict"] == "within"  # it learns nothing
    honest = cells(reproduce(TABLE, *given, "--row", "LDCT", "--protocol", "honest"))
    assert honest["LDCT", "PSNR"]["why"] == "protocol honest, not paper"
    assert honest["LDCT", "PSNR"]["protocol_hash"] != first["protocol_hash"]


def test_few_groups_give_a_side_and_say_why_no_more(reproduce: Reproduce) -> None:
    made = cells(reproduce("tabletoys/table-3", "--data", f"first={folder('one', 14)}", "--json"))
    two = made["LDCT", "PSNR"]
    assert (two["cases"], two["groups"], two["low"], made["LDCT", "All"]["cases"]) == (2, 2, None, 7)
    assert two["verdict"] in ("above", "below") and "no interval: too few groups (2)" in two["why"]
    # Embedded groups are not the paper's: all of them count.
    assert cells(reproduce("tabletoys/table-3", "--json"))["LDCT", "PSNR"]["cases"] == 6


def test_a_method_that_fails_leaves_the_others(reproduce: Reproduce) -> None:
    found = reproduce("tabletoys/table-2", "--json")
    made = cells(found)
    assert found.code == 5  # diverged
    assert made["Net", "PSNR"]["measured"] is not None
    assert made["Broken", "PSNR"]["verdict"] == "not measured" and "nan" in made["Broken", "PSNR"]["why"].lower()
    assert "tabletoys/broken on first, seed 0 failed" in found.err


def test_data_that_were_not_given(reproduce: Reproduce) -> None:
    found = reproduce(TABLE, "--row", "LDCT", "--data", f"first={folder('one', 14)}", "--json")
    why = cells(found)["LDCT", "PSNR elsewhere"]["why"]
    assert why == "no folder was given for second: --data second=PATH (embedded data are not mixed with a user's)"
    assert cells(found)["LDCT", "PSNR"]["verdict"] == "within"
    bad = reproduce(TABLE, "--row", "LDCT", "--data", "first=nowhere", "--data", "second=nowhere")
    assert bad.code == 3 and "nowhere: there is no count.txt" in bad.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tabletoys/table-9",), "did you mean tabletoys/table-"),
        ((TABLE, "--row", "Nett"), "tabletoys/table-1 has no row 'Nett': did you mean Net?"),
        ((TABLE, "--data", "frist=."), "has no data 'frist': did you mean first?"),
        ((TABLE, "--data", "first"), "wanted NAME=PATH"),
        ((TABLE, "--data", "first=.", "--stub"), "give one of them"),
        ((TABLE, "--with", "mine"), "wanted NAME=FOLDER of predicted images, or FILE.py:CLASS"),
        ((TABLE, "--with", "Net=."), "has a row 'Net' already"),
    ],
)
def test_what_cannot_be_asked_for(reproduce: Reproduce, arguments: tuple[str, ...], message: str) -> None:
    found = reproduce(*arguments)
    assert found.code == 2 and message in found.err
    assert not list(Path().rglob("run.json"))


def test_a_table_mixes_no_protocols(reproduce: Reproduce) -> None:
    found = reproduce("tabletoys/mixed")
    assert found.code == 3 and "tabletoys/mixed would mix protocols: LDCT, PSNR" in found.err


def test_a_network_of_one_s_own(reproduce: Reproduce) -> None:
    text = "import torch\nclass Mine(torch.nn.Conv2d):\n    def __init__(self):\n        super().__init__(1, 1, 3, padding=1)\n"
    Path("ownnet.py").write_text(text, encoding="utf-8")
    found = reproduce(TABLE, "--with", "ownnet.py:Mine", "--json")
    assert found.code == 0, found.err
    made = cells(found)
    mine = made["Mine", "PSNR"]
    assert mine["guest"] and mine["verdict"] == "not reported" and mine["cases"] == made["Net", "PSNR"]["cases"]
    assert mine["protocol_hash"] == made["Net", "PSNR"]["protocol_hash"]
    assert made["Mine", "Parameters"]["measured"] == 10
    (run,) = Path("reproductions/runs").glob("Mine-first-*")
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["configuration"]["train"]["steps"] == 10
    Path("ownnet.py").write_text(text.replace("3, padding=1", "1"), encoding="utf-8")
    broken = reproduce("tabletoys/table-2", "--row", "Net", "--with", "m=ownnet.py:Other")
    assert broken.code == 2 and "has no class or function 'Other'" in broken.err


def test_images_of_another_program(reproduce: Reproduce) -> None:
    found = reproduce(TABLE, "--cases", "given")
    assert found.code == 0 and found.out.split() == ["given/first", "given/second"]
    with Path("given/first/split.csv").open(encoding="utf-8", newline="") as file:
        split = list(csv.DictReader(file))
    tested = {row["file"] for row in split if row["part"] == "test"}
    assert {path.stem for path in Path("given/first").glob("*.npy")} == tested and len(tested) == 6
    assert read_image(next(iter(Path("given/first").glob("*.npy")))).pixels.shape == (1, 12, 12)
    made = cells(reproduce(TABLE, "--row", "LDCT", "--with", "copied=given", "--json"))
    # The inputs given back are the input's own row.
    for column in ("PSNR", "RMSE", "PSNR elsewhere"):
        assert made["copied", column]["measured"] == pytest.approx(made["LDCT", column]["measured"], abs=1e-6)
        assert "LDCT" in made["copied", column]["ties"]
    next(iter(Path("given/first").glob("*.npy"))).unlink()
    lost = reproduce(TABLE, "--row", "LDCT", "--with", "copied=given")
    assert lost.code == 2 and "no file for the case" in lost.out


def test_seeds_and_jobs(reproduce: Reproduce) -> None:
    together = cells(reproduce("tabletoys/table-2", "--row", "Net", "--seeds", "2", "--jobs", "2", "--out", "a", "--json"))
    alone = cells(reproduce("tabletoys/table-2", "--row", "Net", "--seeds", "2", "--out", "b", "--json"))
    cell = together["Net", "PSNR"]
    assert cell["seeds"] == 2 and len(cell["folders"]) == 2
    assert cell["measured"] == alone["Net", "PSNR"]["measured"] and cell["low"] < cell["measured"] < cell["high"]
    assert len(list(Path("a/logs").glob("*.txt"))) == 2


def test_stub_data_and_a_rehearsal(reproduce: Reproduce) -> None:
    planned = reproduce(TABLE, "--dry-run")
    assert "evaluation on other data" not in planned.out
    assert planned.code == 0 and "8 cells, 3 runs, 3 missing; scale quick" in planned.out and not Path("reproductions").exists()
    found = reproduce("tabletoys/table-2", "--row", "Net", "--stub", "--json")
    assert found.code == 0, found.err
    assert cells(found)["Net", "PSNR"]["why"].startswith("stub data") and json.loads(found.out)["stub"]
    assert [path.name for path in Path("reproductions").glob("tabletoys*")] == ["tabletoys-table-2-stub"]
    for page in (*Path("reproductions").glob("tabletoys*/report.html"), *Path("reproductions/runs").glob("*/report.html")):
        assert "Stub data and a few steps" in page.read_text(encoding="utf-8")
    assert json.loads(reproduce(TABLE, "--dry-run", "--json").out)["cells"] == 8


def test_another_process_holds_the_folder(reproduce: Reproduce) -> None:
    from filelock import FileLock

    Path("reproductions").mkdir()
    with FileLock("reproductions/.lock"):
        found = reproduce(TABLE)
    assert found.code == 7 and "another process rebuilds a table here" in found.err
