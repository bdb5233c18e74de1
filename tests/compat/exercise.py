"""Runs the frozen plugins through medai's commands, in this one process; writes what came of each command.

python exercise.py FOLDER
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from safetensors.torch import save_file

from medai._cli import main

CPU = ("--device", "cpu")
FEW = ("--set", "train.steps=2", "--set", "train.validate_every=2", "--set", "baselines=[]")


def command(*arguments: object) -> dict[str, object]:
    """Exit code, stdout and stderr of `medai ARGUMENTS`."""
    out, err, began = io.StringIO(), io.StringIO(), time.process_time()
    code: object = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
    return {
        "command": " ".join(map(str, arguments)),
        "code": code or 0,
        "out": out.getvalue(),
        "err": err.getvalue(),
        "seconds": round(time.process_time() - began, 2),
    }


def stub_run(folder: Path, recipe: str, *more: object) -> tuple[dict[str, object], Path]:
    """A run on stub data, and its folder."""
    out = folder / "-".join([recipe.replace("/", "-"), str(len(list(folder.iterdir())))])
    done = command("run", recipe, "--stub", "--json", "--out", out, *CPU, *more)
    return done, next(iter(out.glob("*")), out)


def commands(folder: Path) -> Iterator[dict[str, object]]:
    """All of them, in order."""
    yield command("list", "--json")
    yield from scans(folder)
    yield from strata(folder)
    yield from triage(folder)


def scans(folder: Path) -> Iterator[dict[str, object]]:
    own = {"conv_in.weight": torch.rand(4, 1, 3, 3), "conv_in.bias": torch.rand(4), "conv_out.weight": torch.rand(1, 4, 3, 3)}
    save_file(own | {"conv_out.bias": torch.rand(1), "step": torch.zeros(1)}, folder / "smith.safetensors")
    done, run = stub_run(folder, "scans/clean", "--set", f"model.weights={folder / 'smith.safetensors'}", "--set", "model.frame=16")
    yield done
    (file, *_) = sorted((run / "stub").rglob("low/*.dcm"))
    yield command("predict", run, file, "-o", folder / "cleaned", *CPU, "--to", "scans/series")
    yield command("export", run, "--to", "scans/tensors")
    yield command("export", run, "--to", "scans/series")
    yield stub_run(folder, "scans/twice", "--upstream", f"clean={run}")[0]
    yield stub_run(folder, "scans/volumes")[0]
    yield stub_run(folder, "scans/duel")[0]
    (folder / "mine.toml").write_text('extends = "scans/clean"\nmodel = {use = "scans/net", channels = 2}\n')
    yield command("run", folder / "mine.toml", "--dry-run", "--stub", "--json", *CPU)
    yield command("show", "scans/denoise", "--json")
    yield command("show", "scans/table-1", "--json")
    yield command("run", "scans/clean", "--scale", "quick", *FEW, "--out", folder / "embedded", *CPU)


def strata(folder: Path) -> Iterator[dict[str, object]]:
    done, run = stub_run(folder, "strata/group")
    yield done
    (folder / "new.csv").write_text("id,a,b\nnew,0.1,3.9\n")
    yield command("predict", run, folder / "new.csv", "-o", folder / "grouped", *CPU)
    yield command("export", run, "--to", "strata/csv")
    yield stub_run(folder, "strata/name")[0]
    yield stub_run(folder, "strata/measure")[0]


def triage(folder: Path) -> Iterator[dict[str, object]]:
    torch.save({"w": torch.tensor([1.0, 1.0, 0.0, 0.0])}, folder / "old.pth")
    done, run = stub_run(folder, "triage/sort", "--set", f"model.weights={folder / 'old.pth'}")
    yield done
    (folder / "new.txt").write_text("pain bleeding\n")
    yield command("predict", run, folder / "new.txt", "-o", folder / "sorted", *CPU)
    yield command("evaluate", run, *CPU, "--out", folder / "sorted-again")
    yield command("export", run, "--to", "triage/list")
    yield command("export", run, "--to", "triage/bag")
    for recipe in ("triage/finder", "triage/bright", "triage/hairpin"):
        yield stub_run(folder, recipe)[0]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    torch.set_num_threads(1)
    (place / "commands.json").write_text(json.dumps(list(commands(place))))
