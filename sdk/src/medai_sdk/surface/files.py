"""The keys of what medai writes and prints for programs, seen in a run of the sample plugin in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from medai_sdk.surface.describe import Surface

_PLUGIN = Path(__file__).parent / "surface_sample.py"
_SECONDS = 300
_KINDS = ("train", "valid")
VALUE, EACH = "value", "*"

_NAMED = {
    "run.json": ("options.upstream", "origins", "software.libraries", "software.plugins", "upstream", "data", "parts"),
    "summary.json": ("figures", "baselines", f"baselines.{EACH}", "model"),
    "split.json": ("groups", "cases"),
    "experiment.json": ("options.upstream",),
    "medai run --seeds --json": ("options.upstream",),
    "medai bench --json": ("software.libraries", "software.plugins"),
    "medai doctor --json": ("decoders",),
    "medai plugin check --json": ("counts",),
}
"""Where the keys are names of somebody's cases, figures or packages: one of them stands for all."""
_RECIPES = {
    "run.json": ("configuration", "complete_configuration"),
    "split.json": ("protocol",),
    "medai show --json": (f"{EACH}.content",),
    "medai run --dry-run --json": ("configuration",),
}
"""Where a recipe or a part of one stands, whose fields are recorded already."""

_SAME = dict.fromkeys(("medai run --json", "medai evaluate --json"), "summary.json")
"""What is printed has the keys of that file."""


def files() -> Surface:
    """The keys, by file and by command.

    Raises:
        EnvironmentFault: the process fails.
    """
    from medai.errors import EnvironmentFault

    with tempfile.TemporaryDirectory(prefix="medai-surface-") as scratch:
        environment = {**os.environ, "MEDAI_STRICT_PLUGINS": "0", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", __name__, scratch]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_SECONDS, check=False)
        if done.returncode:
            raise EnvironmentFault(f"the sample's run failed, so that the keys of its files are not known:\n{done.stderr[-2000:]}")
        found: Surface = json.loads((Path(scratch) / "surface.json").read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Run the sample in the folder that is named, and write the keys."""
    folder = Path(sys.argv[1])
    printed = {"medai run --json": _said("run", "surface-sample/second", "--stub", "--out", folder / "runs", "--device", "cpu", "--json")}
    (run,) = (folder / "runs").iterdir()
    points = next((run / "stub").rglob("01.txt"))
    (folder / "new.csv").write_text(f"id,x\nnew,{points.read_text().split()[0]}\n", encoding="utf-8")
    _said("predict", run, folder / "new.csv", "-o", folder / "answers")
    _said("export", run, "--to", "surface-sample/lines")
    printed |= {
        "medai run --dry-run --json": _said("run", "surface-sample/second", "--stub", "--dry-run", "--json"),
        "medai evaluate --json": _said("evaluate", run, "--json"),
        "medai list --json": _said("list", "--json"),
        "medai list plugins --json": _said("list", "plugins", "--json"),
        "medai show --json": json.dumps(
            [each for id in ("line", "second", "table") for each in json.loads(_said("show", f"surface-sample/{id}", "--json"))]
        ),
        "medai bench --json": _said("bench", "surface-sample/first", "--device", "cpu", "--repeats", 1, "--json"),
        "medai doctor --json": _said("doctor", "--json"),
        "medai plugin check --json": json.dumps(_checked()),
        "medai plugin check --list --json": _said("plugin", "check", "--list", "--json"),
    }
    printed["medai run --seeds --json"] = _said(
        "run", "surface-sample/second", "--stub", "--out", folder / "several", "--device", "cpu", "--seeds", 2, "--json"
    )
    (experiment,) = (folder / "several").iterdir()
    printed["medai compare --json"] = _said("compare", experiment, "--baselines", "--json")
    held = {name: json.loads((run / name).read_text(encoding="utf-8")) for name in ("run.json", "summary.json", "split.json")}
    journal = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    held["experiment.json"] = json.loads((experiment / "experiment.json").read_text(encoding="utf-8"))
    measured = {*held["summary.json"]["figures"], "loss"}
    found = {
        "files": {
            **{name: _shape(name, value) for name, value in held.items()},
            "metrics.jsonl": {kind: _columns(next(line for line in journal if line["kind"] == kind), measured) for kind in _KINDS},
            "cases.csv": _columns(_header(run / "cases.csv"), measured),
            "resamples.npz": _columns(_arrays(folder / "resamples.npz"), set()),
            **{name: _columns(_header(experiment / name), set()) for name in ("leaderboard.csv", "pairs.csv")},
            "predictions.csv": _columns(_header(folder / "answers" / "predictions.csv"), measured),
        },
        "printed": {name: _shape(_SAME.get(name, name), json.loads(text)) for name, text in printed.items()},
    }
    (folder / "surface.json").write_text(json.dumps(found), encoding="utf-8")


def _said(*arguments: object) -> str:
    """What a command prints on stdout."""
    from medai._cli import cli

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        cli.main(["--no-plugins", "--plugin", str(_PLUGIN), *map(str, arguments)], prog_name="medai", standalone_mode=False)
    return out.getvalue()


def _checked() -> dict[str, Any]:
    from medai_sdk.contract.outcome import Outcome, Report

    outcome = Outcome(check="model.save-and-load", kind="model", subject="acme/net", level="must", status="passed")
    return Report("acme", "medai-acme 1.0", (outcome,)).as_record()


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def _arrays(path: Path) -> list[str]:
    """The arrays of a file of resamples, of made-up ones: the stub's groups are too few for any."""
    import numpy as np

    from medai._results.resamples import Resamples, write_resamples

    write_resamples(path, [Resamples("model", "", {"mae": np.zeros(2)})])
    with np.load(path, allow_pickle=False) as file:
        return sorted(file)


def _columns(names: Any, measured: set[str]) -> Surface:
    """Columns and keys, without the figures that they hold beside."""
    return {name: VALUE for name in names if name not in measured}


def _shape(of: str, value: Any, path: str = "") -> Any:
    """The keys of a JSON value, however nested; of a list, of all its items together."""
    if path in _RECIPES.get(of, ()):
        return "a recipe's fields"
    if isinstance(value, Mapping):
        if path in _NAMED.get(of, ()):
            return {EACH: _merged([_shape(of, item, _below(path, EACH)) for item in value.values()])}
        return {key: _shape(of, item, _below(path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return {EACH: _merged([_shape(of, item, _below(path, EACH)) for item in value])}
    return VALUE


def _merged(shapes: list[Any]) -> Any:
    """What stands for all of them: every key that one has; None is there too, where others have keys."""
    records = [shape for shape in shapes if isinstance(shape, dict)]
    if not records:
        return VALUE
    keys = dict.fromkeys(key for shape in records for key in shape)
    return {key: _merged([shape[key] for shape in records if key in shape]) for key in keys}


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


if __name__ == "__main__":
    main()
