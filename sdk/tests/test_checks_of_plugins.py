"""Each way in which a plugin as a whole breaks the contract is caught by the check that names it, and by no other."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from medai_sdk import Report, check_plugin
from medai_sdk.contract.watching.sources import private_imports, unsafe_calls

Distribution = Callable[..., Path]

SOUND = """
from medai.api import LossSpec, hookimpl


@hookimpl
def medai_losses():
    return [LossSpec(name="mse", target="torch.nn:MSELoss", summary="The mean squared error.", task="restoration")]
"""

TOUCHING = """
import socket, subprocess, tempfile, threading, time
from pathlib import Path
ROWS = (Path(__file__).parent / "rows.csv").read_text()
tempfile.mkdtemp()
try:
    socket.create_connection(("localhost", 9))
except OSError:
    pass
subprocess.run(["true"])
threading.Thread(target=time.sleep, args=(1,), name="beat").start()
"""


def checked(name: str) -> Report:
    return check_plugin(name, only=["plugin"])


def failed(report: Report, level: str = "must") -> dict[str, str]:
    return {each.check: each.reason for each in report.outcomes if each.status == "failed" and each.level == level}


def test_a_sound_plugin_passes_all(distribution: Distribution) -> None:
    distribution("medai-sound", SOUND)
    report = checked("sound")
    assert report.counts() == {"passed": 18, "failed": 0, "advice": 0, "known": 0, "not applicable": 0}, report
    assert report.ok


@pytest.mark.parametrize(
    ("check", "source", "files", "reason"),
    [
        ("plugin.imports-light", f"import numpy as np\n{SOUND}", {}, "it imports numpy (medai_odd/plugin.py, line 1)"),
        (
            "plugin.imports-light",
            f"from medai_odd.nets import Net\n{SOUND}",
            {"medai_odd/nets.py": "\nfrom packaging.version import Version as Net\n"},
            "it imports packaging (medai_odd/nets.py, line 2)",
        ),
        ("plugin.hooks-are-quick", f"import time\ntime.sleep(2.1)\n{SOUND}", {}, "they take 2"),
        (
            "plugin.hooks-are-steady",
            SOUND.replace('"The mean', 'f"{time.perf_counter_ns()} The mean').replace("from", "import time\nfrom", 1),
            {},
            "called again, medai_losses give something else",
        ),
        (
            "plugin.hooks-are-steady",
            SOUND.replace('"mse"', "name").replace('restoration")]', 'restoration") for name in set("abcdefgh")]'),
            {},
            "in another process medai_losses give another order or other names",
        ),
        ("plugin.hooks-are-silent", f"print('welcome to odd')\n{SOUND}", {}, "printed: 'welcome to odd'"),
        (
            "plugin.targets-are-its-own",
            SOUND.replace("torch.nn:MSELoss", "numpy:square"),
            {},
            "odd/mse names numpy:square, and the distribution",
        ),
        (
            "plugin.targets-are-its-own",
            SOUND.replace("torch.nn:MSELoss", "medai.tasks:Image"),
            {},
            "odd/mse names medai.tasks:Image, of another plugin",
        ),
        (
            "plugin.uses-public-names",
            SOUND,
            {"medai_odd/models/net.py": "\n\nfrom medai._engine.run import Run\n"},
            "medai_odd/models/net.py, line 3: medai._engine.run.Run",
        ),
        (
            "plugin.loads-safely",
            SOUND,
            {"medai_odd/data.py": "import pickle\n\n\ndef read(file):\n    return pickle.load(file)\n"},
            "medai_odd/data.py, line 5: pickle.load runs code from the file",
        ),
        ("plugin.offers-something", "", {}, "medai_odd.plugin has no hook that gives anything"),
    ],
)
def test_a_fault_of_the_plugin_is_named(distribution: Distribution, check: str, source: str, files: dict[str, str], reason: str) -> None:
    distribution("medai-odd", source, files)
    found = failed(checked("odd"))
    assert list(found) == [check]
    assert found[check].startswith(reason)


def test_all_that_hooks_touch_is_named(distribution: Distribution) -> None:
    folder = distribution("medai-odd", f"{TOUCHING}{SOUND}", {"medai_odd/rows.csv": "a,b"})
    found = failed(checked("odd"))
    assert list(found) == ["plugin.hooks-touch-nothing"]
    network, written, read, started, threads = found["plugin.hooks-touch-nothing"].removeprefix("it ").split("; it ")
    assert network == "uses the network: getaddrinfo localhost"
    assert written.startswith("writes: /")
    assert read == f"reads: {folder.resolve()}/medai_odd/rows.csv"
    assert (started, threads) == ("starts: true", "leaves threads: beat")


@pytest.mark.parametrize(
    ("checks", "metadata", "reason"),
    [
        (["plugin.requires-medai"], "Requires-Dist: torch\n", "medai is not among its requirements"),
        (["plugin.requires-medai"], "Requires-Dist: torch\nRequires-Dist: medai\n", "medai names no version"),
        (["plugin.requires-medai"], "Requires-Dist: torch\nRequires-Dist: medai<2\n", "medai<2 names no version"),
        (
            ["plugin.can-be-loaded", "plugin.requires-medai"],
            "Requires-Dist: torch\nRequires-Dist: medai>=9\n",
            "it needs medai>=9, this is medai",
        ),
    ],
)
def test_a_fault_of_the_metadata_is_named(distribution: Distribution, checks: list[str], metadata: str, reason: str) -> None:
    distribution("medai-odd", SOUND, metadata=metadata)
    found = failed(checked("odd"))
    assert list(found) == checks
    assert found["plugin.requires-medai"].startswith(reason)


def test_another_entry_point_name_is_named(distribution: Distribution) -> None:
    distribution("medai-odd", SOUND, entry="even = medai_odd.plugin")
    found = failed(checked("medai-odd"))
    assert list(found) == ["plugin.can-be-loaded", "plugin.entry-point-name"]
    assert found["plugin.entry-point-name"] == "the entry point is called 'even', the distribution medai-odd"


def test_a_second_entry_point_is_named(distribution: Distribution) -> None:
    distribution("medai-odd", SOUND, entry="even = medai_odd.plugin\nodd = medai_odd.plugin")
    assert list(failed(checked("medai-odd"))) == ["plugin.entry-point-name"]


def test_a_package_called_tests_is_named(distribution: Distribution) -> None:
    folder = distribution("medai-odd", SOUND, {"tests/test_net.py": ""})
    (folder / "medai_odd-0.1.0.dist-info" / "RECORD").write_text("medai_odd/plugin.py,,\ntests/test_net.py,,\n")
    found = failed(checked("odd"))
    assert found == {"plugin.has-its-own-package": "it installs into 'tests'"}


def test_a_failed_plugin_says_where_it_was_raised(distribution: Distribution) -> None:
    distribution("medai-odd", "\n\n1 / 0\n")
    report = checked("odd")
    reason = failed(report)["plugin.can-be-loaded"]
    assert reason.startswith("it is failed: ZeroDivisionError: division by zero\nTraceback")
    assert 'medai_odd/plugin.py", line 3' in reason
    assert list(failed(report)) == ["plugin.can-be-loaded"]


def test_advice_breaks_nothing(distribution: Distribution) -> None:
    folder = distribution("odd", SOUND, metadata="Requires-Dist: medai>=0.1\nRequires-Dist: torch\n")
    (folder / "odd" / "py.typed").unlink()
    report = checked("odd")
    assert report.ok
    assert list(failed(report, "advice")) == [
        "plugin.distribution-name",
        "plugin.is-typed",
        "plugin.says-its-licence",
        "plugin.has-keywords",
    ]
    assert report.counts()["advice"] == 4


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("from torch import load; load(path)", "torch.load"),
        ("import torch; torch.load(path, weights_only=False)", "torch.load"),
        ("import torch; torch.load(path, weights_only=True)", ""),
        ("import joblib as j; j.load(path)", "joblib.load"),
        ("import numpy as np; np.load(path, allow_pickle=True)", "numpy.load"),
        ("import numpy as np; np.load(path, allow_pickle=False)", ""),
        ("import yaml; yaml.load(text, Loader=yaml.Loader)", "yaml.load"),
        ("import yaml; yaml.load(text)", "yaml.load"),
        ("import yaml; yaml.load(text, yaml.SafeLoader)", ""),
        ("eval(text)", "eval"),
        ("model.eval()", ""),
        ("exec(text)", "exec"),
        ("import subprocess; subprocess.run(text, shell=True)", "subprocess.run with shell=True"),
        ("import os; os.system(text)", "os.system"),
        ("import tarfile; tarfile.open(path).extractall(folder)", "extractall"),
        ("import tarfile; tarfile.open(path).extractall(folder, filter='data')", ""),
        ("frame['name'].str.extractall(r'a')", ""),
        ("AutoModel.from_pretrained(name, trust_remote_code=True)", "AutoModel.from_pretrained with trust_remote_code=True"),
    ],
)
def test_unsafe_calls(line: str, fault: str) -> None:
    found = [words for _, words in unsafe_calls(ast.parse(line))]
    assert len(found) == bool(fault)
    assert all(words.startswith(fault) for words in found)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("import medai._engine", ["medai._engine"]),
        ("from medai import _words, api", ["medai._words"]),
        ("from medai.api._specs import Spec", ["medai.api._specs.Spec"]),
        ("from medai import __version__", []),
        ("from ._private import a", []),
    ],
)
def test_private_imports(line: str, names: list[str]) -> None:
    assert [name for _, name in private_imports(ast.parse(line))] == names
