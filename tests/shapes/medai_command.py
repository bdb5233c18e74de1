"""The command line in a process of its own, with the shapes installed as a user's environment would have them.

Processes are forked from one that has the large libraries loaded already, so that a command costs a fraction of a second, and each is
killed by SIGKILL where a test wants it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
_PRELOADED = (
    *("torch", "accelerate", "scipy.stats", "matplotlib.figure", "pydantic", "jinja2", "rich.progress", "safetensors.torch"),
    *("torchvision.models.detection", "sklearn.svm", "skops.io", "pydicom", "nibabel"),
)
_SECONDS = 180


@dataclass(frozen=True)
class Kill:
    """When a command kills itself with SIGKILL: at the `count`-th time that a file whose path ends in `file` is renamed into place.

    `before` leaves the temporary file, `after` the new one, `later` dies 30 ms after that, wherever it then is.
    """

    file: str
    count: int
    when: Literal["before", "after", "later"]


@dataclass(frozen=True)
class Done:
    """How a command ended; a negative code is the signal that killed it."""

    code: int
    out: str
    err: str

    def ok(self) -> Done:
        """The same, if it succeeded."""
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self


def shapes() -> list[str]:
    """The folders of the shapes, each to stand on the import path."""
    return [str(path.parent) for path in sorted(HERE.glob("*/medai_*.dist-info"))]


def environment() -> dict[str, str]:
    """What a process needs to find the shapes, and to compute alike each time."""
    paths = [*shapes(), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "MEDAI_STRICT_PLUGINS": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def medai(*arguments: str | Path, scratch: Path, kill: Kill | None = None) -> Done:
    """Run `medai ARGUMENTS`; `scratch` takes what it prints."""
    scratch.mkdir(parents=True, exist_ok=True)
    out, err = scratch / "stdout", scratch / "stderr"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    process = context.Process(target=_command, args=([str(argument) for argument in arguments], str(out), str(err), kill))
    process.start()
    process.join(_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"medai {' '.join(map(str, arguments))} took more than {_SECONDS} s:\n{err.read_text()}")
    assert process.exitcode is not None
    return Done(process.exitcode, out.read_text(), err.read_text())


def _command(arguments: list[str], out: str, err: str, kill: Kill | None) -> None:
    for path, number in ((out, 1), (err, 2)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.update(environment())
    sys.path[:0] = shapes()
    import torch

    torch.set_num_threads(1)
    if kill is not None:
        _arm(kill)
    from medai._cli import main

    sys.argv = ["medai", *arguments]
    main()


def _arm(kill: Kill) -> None:
    rename, seen = os.replace, 0

    def replace(source: Any, target: Any, **options: Any) -> None:
        nonlocal seen
        hit = _is(str(target), kill.file)
        seen += hit
        if hit and seen == kill.count and kill.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target, **options)
        if hit and seen == kill.count and kill.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        if hit and seen == kill.count:
            threading.Timer(0.03, os.kill, (os.getpid(), signal.SIGKILL)).start()

    # Path.replace looks it up in the module at each call.
    os.replace = os.rename = replace  # type: ignore[assignment]


def _is(target: str, wanted: str) -> bool:
    # An earlier stage's run stands inside the run's own folder; its files are meant only when they are named.
    return target.endswith(f"/{wanted}") and ("/upstream/" in target) == wanted.startswith("upstream/")
