"""`medai list`, `show` and `doctor` as a user runs them, and how the command line ends."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHOWN = """
from medai.api import *

@hookimpl
def medai_models():
    return [
        ModelSpec(name="net", target="alpha_net:Net", summary="A net " + "that goes on " * 12 + "END", task="restoration",
                  inputs=("image",), source="Table 1 of a paper", license="MIT", implements=("row-1", "row-2"), needs=("a file",)),
        ModelSpec(name="torn", target="alpha_net:Torn", summary="Its class is not there."),
    ]

@hookimpl
def medai_losses():
    return [LossSpec(name="gap", target="alpha_net:gap", summary="A loss of any task.")]

@hookimpl
def medai_recipes():
    return [Recipe(
        name="net", task="restoration", model=use("alpha/net", width=16), loss=use("alpha/gap"), summary="The net on scans.",
        data={"scans": Slot(folder=use("alpha/folder", root_of=use("alpha/deeper")), embedded=use("alpha/made-up"),
                            roles=("train", "test"))},
        train=Train(steps=5000, batch=4, optimizers={"all": use("Adam", lr=1e-4)}, schedule=use("OneCycleLR"), views=(use("alpha/crop"),)),
        protocol=Protocol(split=Split(test=("p1", "p2")), options={"window": (0, 1)}), source="A paper", license="MIT",
        scales={"quick": {"train": {"steps": 10, "batch": 4}}, "small": {}},
    )]

@hookimpl
def medai_tables():
    cells = (
        Cell(row="Net", column="PSNR", reported=31.5, recipe="alpha/net", metric="psnr",
             spread=Spread(value=0.25, kind="standard error"), note="printed twice"),
        Cell(row="Other", column="PSNR", reported=30.25, recipe="alpha/other", metric="psnr"),
        Cell(row="Other", column="SSIM", reported=None, recipe="alpha/other", metric="ssim"),
        Cell(row="Torn", column="PSNR", reported=None, recipe="alpha/other", metric="psnr", note="not legible"),
        Cell(row="Modern", column="PSNR", reported=None, recipe="alpha/net", metric="psnr"),
        Cell(row="Modern", column="SSIM", reported=None, recipe="alpha/net", metric="ssim"),
    )
    return [Table(name="table-1", title="All results.", task="restoration", cells=cells, implements=("row-3",))]
"""

NET = '''
from typing import Literal

class Net:
    """A net with a width.

    More that is not shown.

    Args:
        width: channels of the hidden layers; as many as there are, a terminal of eighty columns
            has to break it: in two.
        depth: of layers.

    Raises:
        mode: not shown
    """

    def __init__(self, width: int = 32, *, mode: Literal["a", "b"] = "a", depth: float): ...

def gap(output, target): ...
'''


@pytest.fixture
def shown(site: Any) -> Any:
    site.install("medai-alpha", SHOWN)
    site.file("alpha_net.py", NET)
    return site


@pytest.fixture
def broken(shown: Any) -> Any:
    shown.install("medai-bad", "raise RuntimeError('no luck')")
    shown.install("medai-new", requires=["medai>=99"])
    return shown


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_list_puts_recipes_first_and_then_each_kind(shown: Any) -> None:
    done = shown.run("list", "--plugin", "alpha")
    blocks = done.stdout.split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["recipes", "models", "losses", "tables"]
    assert re.search(r"^  alpha/net +restoration +The net on scans\.$", blocks[0], re.MULTILINE)
    assert (done.stderr, done.returncode) == ("", 0)
    assert shown.run("list", "--plugin", "medai-alpha").stdout == done.stdout


def test_columns_are_aligned_and_whole_where_there_is_no_terminal(shown: Any) -> None:
    lines = shown.run("list", "models", "--plugin", "alpha").stdout.splitlines()[1:]
    assert lines[0].endswith("END")
    assert lines[0].index("A net") == lines[1].index("Its class")


def test_list_fits_a_terminal(shown: Any) -> None:
    """80 columns, the summary cut with an ellipsis."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from medai._cli import main; main()", "list", "models"],
        stdout=theirs,
        env=os.environ | {"PYTHONPATH": str(shown.root), "COLUMNS": "80"},
    ) as process:
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 4096):
                text += part
        except OSError:  # how Linux says that the other end is closed
            pass
        process.wait()
    os.close(ours)
    lines = text.decode().splitlines()
    assert max(map(len, lines)) == 80
    assert next(line for line in lines if "A net that goes on" in line).endswith("…")


def test_list_json(shown: Any) -> None:
    (net,) = (record for record in records(shown.run("list", "--json")) if record["id"] == "alpha/net" and record["kind"] == "model")
    assert net["summary"].endswith("END")
    expected = {"task": "restoration", "plugin": "alpha", "version": "1.0", "source": "Table 1 of a paper", "license": "MIT"}
    assert expected.items() <= net.items()
    assert net["implements"] == ["row-1", "row-2"]
    kinds = {record["kind"] for record in records(shown.run("list", "--json"))}
    assert {"recipe", "model", "loss", "table", "task", "metric"} <= kinds
    assert "plugin" not in kinds
    (table,) = records(shown.run("list", "tables", "--plugin", "alpha", "--json"))
    assert (table["summary"], table["implements"]) == ("All results.", ["row-3"])


def test_list_of_a_task(shown: Any) -> None:
    for name in ("restoration", "medai/restoration"):
        found = records(shown.run("list", "--task", name, "--plugin", "alpha", "--json"))
        assert {(record["kind"], record["id"]) for record in found} == {
            ("recipe", "alpha/net"),
            ("model", "alpha/net"),
            ("table", "alpha/table-1"),
            # These name no task, so they serve any.
            ("model", "alpha/torn"),
            ("loss", "alpha/gap"),
        }
    done = shown.run("list", "--task", "restorations")
    assert (done.returncode, "medai/restoration" in done.stderr) == (2, True)


def test_list_plugins(broken: Any) -> None:
    found = {record["name"]: record for record in records(broken.run("list", "plugins", "--json", MEDAI_DISABLE_PLUGINS="alpha"))}
    assert {name: found[name]["status"] for name in ("medai", "alpha", "bad", "new")} == {
        "medai": "ok",
        "alpha": "disabled",
        "bad": "failed",
        "new": "incompatible",
    }
    assert found["bad"]["reason"] == "RuntimeError: no luck"
    text = broken.run("list", "plugins").stdout
    assert re.search(r"bad +medai-bad 1\.0 +failed +RuntimeError: no luck", text)
    assert re.search(r"new +medai-new 1\.0 +incompatible +.*99", text)


def test_list_freeze(broken: Any) -> None:
    lines = broken.run("--plugin", str(broken.file("one.py", "x = 1")), "list", "--freeze").stdout.splitlines()
    assert "medai-alpha==1.0" in lines
    assert not [line for line in lines if "bad" in line or "new" in line]
    assert [line for line in lines if line.startswith("# ") and "one.py" in line]
    assert broken.run("list", "models", "--freeze").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "model"], ["models"]),
        (["list", "--plugin", "alpa"], ["not installed", "alpha"]),
        (["lst"], ["unknown command", "list"]),
        (["list", "--jsn"], ["--json"]),
        (["show", "alpha/nett"], ["unknown", "alpha/net"]),
        (["show"], ["ID"]),
    ],
)
def test_usage_errors(shown: Any, arguments: list[str], words: list[str]) -> None:
    done = shown.run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_broken_plugins_break_no_command_that_does_not_need_them(broken: Any) -> None:
    done = broken.run("list", "--plugin", "alpha")
    assert done.returncode == 0
    assert "alpha/net" in done.stdout
    warnings = done.stderr.splitlines()
    assert len(warnings) == 2
    assert re.search(r"medai-bad 1\.0.*no luck.*medai doctor", warnings[0])
    assert re.search(r"medai-new 1\.0.*99.*medai doctor", warnings[1])


@pytest.mark.parametrize("arguments", [["show", "bad/net"], ["list", "--plugin", "bad"], ["run", "bad/net"]])
def test_broken_plugin_that_is_asked_for_shows_its_traceback(broken: Any, arguments: list[str]) -> None:
    done = broken.run(*arguments)
    assert done.returncode == 6
    assert done.stderr.startswith("error: ")
    assert "raise RuntimeError('no luck')" in done.stderr
    assert "_cli" not in done.stderr


def test_strict_mode(broken: Any) -> None:
    done = broken.run("list", MEDAI_STRICT_PLUGINS="1")
    assert done.returncode == 6
    assert "medai-bad 1.0" in done.stderr
    assert "medai-new 1.0" in done.stderr


def test_show_model(shown: Any) -> None:
    text = shown.run("show", "alpha/net").stdout
    model = text.split("recipe alpha/net")[0]
    for line in (
        r"model alpha/net  \(medai-alpha 1\.0\)",
        r"task +restoration",
        r"source +Table 1 of a paper",
        r"licence +MIT",
        r"implements +row-1, row-2",
        r"needs +a file",
        r"A net with a width\.",
        r"width: int = 32",
        r"mode: Literal\['a', 'b'\] = 'a'",
        r"depth: float \(required\)\n {6}of layers\.",
        r" {6}channels of the hidden layers; as many as there are, a terminal of eighty\n {6}columns has to break it: in two\.",
        r"medai run alpha/net",
    ):
        assert re.search(rf"^ *{line}$", model, re.MULTILINE), line
    assert "not shown" not in model
    assert max(map(len, model.splitlines())) <= 80


def test_show_recipe(shown: Any) -> None:
    recipe = " ".join(shown.run("show", "alpha/net").stdout.split("recipe alpha/net")[1].split())
    for part in (
        "The net on scans.",
        "model alpha/net(width = 16)",
        "loss alpha/gap",
        "scans: alpha/folder(root_of = alpha/deeper)",
        "yours with --data scans=PATH",
        "embedded: alpha/made-up",
        "for train, test",
        "5000 steps, batch 4",
        "Adam(lr = 0.0001)",
        "OneCycleLR",
        "view: alpha/crop",
        "test p1, p2",
        "window = (0, 1)",
        "scale quick: what differs from scale paper train.steps = 10 (paper: 5000) scale small: nothing differs from scale paper reported",
        "reported, not measured here alpha/table-1 Net PSNR psnr 31.5 ± 0.25 (standard error) (printed twice)",
        "medai run alpha/net --data scans=PATH",
    ):
        assert part in recipe, part
    assert "train.batch" not in recipe
    assert "30.25" not in recipe
    assert "Modern" not in recipe, "a row that the print does not have"


def test_show_table_and_loss(shown: Any) -> None:
    table = shown.run("show", "table-1").stdout
    assert re.search(r"Net +PSNR +psnr 31\.5 ± 0\.25.*\[alpha/net\]", table)
    assert re.search(r"Other +PSNR +psnr 30\.25 +\[alpha/other\]", table)
    assert "Other  SSIM  ssim no figure  [alpha/other]" in table and "Torn  PSNR  psnr no figure  [alpha/other]  (not legible)" in table
    assert table.endswith("\n\n  measured beside the printed rows\n    Modern  [alpha/net]\n")
    assert re.search(r"^  medai run alpha/net$", shown.run("show", "gap").stdout, re.MULTILINE)


def test_show_of_a_model_names_its_own_recipe_before_one_that_has_it_as_a_baseline(shown: Any) -> None:
    shown.install(
        "medai-beta",
        """
from medai.api import *

@hookimpl
def medai_models():
    return [ModelSpec(name="plain", target="alpha_net:Net", summary="A net.", task="restoration")]

@hookimpl
def medai_recipes():
    slots = {"scans": Slot(folder=use("alpha/folder"))}
    first = Recipe(name="first", task="restoration", model=use("alpha/net"), data=slots, summary="A.", baselines=(use("beta/plain"),))
    return [first, Recipe(name="second", task="restoration", model=use("beta/plain"), data=slots, summary="B.")]
""",
    )
    assert shown.run("show", "beta/plain").stdout.endswith("\n  medai run beta/second\n")


def test_show_of_data_says_how_a_folder_of_them_is_given(shown: Any) -> None:
    shown.install(
        "medai-beta",
        """
from medai.api import *

@hookimpl
def medai_datasets():
    return [DatasetSpec(name="folder", target="alpha_net:gap", summary="Scans.", task="restoration")]

@hookimpl
def medai_recipes():
    slots = {"scans": Slot(folder=use("beta/folder")), "more": Slot(folder=use("alpha/folder")), "test": Slot(folder=use("folder"))}
    return [Recipe(name="seen", task="restoration", model=use("alpha/net"), data=slots, summary="On scans.")]
""",
    )
    assert shown.run("show", "beta/folder").stdout.endswith("\n  medai run beta/seen --data scans=PATH --data test=PATH\n")


def test_show_json(shown: Any) -> None:
    model, recipe = sorted(records(shown.run("show", "alpha/net", "--json")), key=lambda record: record["kind"])
    assert {item["name"]: item["default"] for item in model["parameters"]} == {"width": "32", "mode": "'a'", "depth": None}
    assert [item["summary"] for item in model["parameters"] if item["name"] != "width"] == ["", "of layers."]
    assert [cell["value"] for cell in recipe["reported"]] == [31.5]
    assert recipe["content"]["model"] == {"use": "alpha/net", "width": 16}


def test_show_of_a_target_that_is_not_there(shown: Any) -> None:
    """What the plugin says of it is printed, and the exit code is a plugin's."""
    done = shown.run("show", "torn")
    assert done.returncode == 6
    assert "Its class is not there." in done.stdout
    assert "there is no Torn in alpha_net" in done.stderr


def test_doctor(shown: Any) -> None:
    done = shown.run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    import torch

    assert re.search(rf"^torch +{re.escape(torch.__version__)}$", done.stdout, re.MULTILINE)
    assert re.search(r"^devices +cpu", done.stdout, re.MULTILINE)
    assert re.search(r"^plugin +alpha \(medai-alpha 1\.0\): ok$", done.stdout, re.MULTILINE)
    assert re.search(r"^folder +.*: writable, [\d.]+ GiB free$", done.stdout, re.MULTILINE)
    assert "JPEG 2000" in done.stdout


def test_doctor_of_broken_plugins(broken: Any) -> None:
    done = broken.run("doctor")
    assert done.returncode == 6
    assert re.search(r"plugin +bad \(medai-bad 1\.0\): failed: RuntimeError: no luck\n +Traceback", done.stdout)
    assert "raise RuntimeError('no luck')" in done.stdout
    assert done.stderr == "error: not well: bad, new\n"
    found = json.loads(broken.run("doctor", "--json").stdout)
    assert {"bad": "failed", "new": "incompatible"}.items() <= {item["name"]: item["status"] for item in found["plugins"]}.items()


def test_doctor_of_a_folder_that_cannot_be_written(shown: Any) -> None:
    done = shown.run("doctor", "--out", "/proc/runs", "--json")
    assert json.loads(done.stdout)["writable"] is False
    assert json.loads(done.stdout)["fault"]


def test_no_plugins_and_plugin_file(shown: Any) -> None:
    path = shown.file("mine.py", SHOWN.replace("alpha", "mine"))
    found = records(shown.run("--no-plugins", "--plugin", str(path), "list", "models", "--json"))
    assert {record["id"] for record in found if record["id"].startswith("mine/")} == {"mine/net", "mine/torn"}
    assert {record["id"].partition("/")[0] for record in found} == {"mine", "medai"}


def test_command_of_another_distribution_is_imported_when_called(shown: Any) -> None:
    shown.install(
        "medai-tool",
        "import click\nprint('imported')\n@click.command()\ndef greet():\n    click.echo('hello')\n    return 5\n",
        entries=["greet = {module}:greet", "torn = {module}:torn", "away = {module}_away:command"],
        group="medai.commands.v1",
    )
    shown.install("other", "", entries=["twice = {module}:a"], group="medai.commands.v1")
    shown.install("another", "", entries=["twice = {module}:a", "list = {module}:a"], group="medai.commands.v1")
    text = shown.run("--help").stdout
    assert re.search(r"greet +From medai-tool\.", text)
    assert "imported" not in text
    assert (shown.run("greet").stdout, shown.run("greet").returncode) == ("imported\nhello\n", 0)
    for name, words in {
        "torn": ["medai-tool 1.0", "no torn"],
        "away": ["ModuleNotFoundError", "medai-tool 1.0"],
        "twice": ["ambiguous", "another and other"],
    }.items():
        done = shown.run(name)
        assert done.returncode == 6
        assert all(word in done.stderr for word in words), done.stderr
    assert "alpha/net" in shown.run("list").stdout


def test_version_and_help(shown: Any) -> None:
    import medai

    assert shown.run("--version").stdout.strip().endswith(medai.__version__)
    assert shown.run("--help").returncode == 0


FAILS = """
import click, os, signal
from medai.errors import DataError, DivergedError, EnvironmentFault, MemoryFault

@click.command()
@click.argument("how")
def fail(how):
    if how == "exit":
        click.get_current_context().exit(9)
    if how == "interrupt":
        raise KeyboardInterrupt
    raise {"data": DataError("bad pixels", "x.dcm"), "memory": MemoryFault("full"), "diverged": DivergedError("NaN"),
           "environment": EnvironmentFault("no card"), "bug": ZeroDivisionError("bug")}[how]
"""


@pytest.mark.parametrize(
    ("how", "code"), [("exit", 9), ("interrupt", 130), ("data", 3), ("memory", 4), ("diverged", 5), ("environment", 7), ("bug", 1)]
)
def test_exit_codes(shown: Any, how: str, code: int) -> None:
    shown.install("medai-tool", FAILS, entries=["fail = {module}:fail"], group="medai.commands.v1")
    done = shown.run("fail", how)
    assert done.returncode == code
    assert ("Traceback" in done.stderr) == (how == "bug")
    if how == "data":
        assert done.stderr == "error: x.dcm: bad pixels\n"
        assert "Traceback" in shown.run("--traceback", "fail", how).stderr


@pytest.mark.parametrize("lines", [1, 100_000])
def test_reader_that_goes_away(shown: Any, lines: int, tmp_path: Path) -> None:
    """As in `medai list | head`: no complaint, whether the pipe breaks while writing or at the end."""
    shown.install(
        "medai-tool",
        f"import click\n@click.command()\ndef long():\n    print('a line of text\\n' * {lines}, end='')\n",
        entries=["long = {module}:long"],
        group="medai.commands.v1",
    )
    command = f"{sys.executable} -c 'import time; time.sleep(.5); from medai._cli import main; main()' long | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=os.environ | {"PYTHONPATH": str(shown.root)}, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
