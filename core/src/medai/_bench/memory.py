"""The memory that answering takes on the CPU, in a process of its own.

There nothing else grows, memory goes back to the system as soon as it is free, and one that the system ends for lack of memory takes
nothing with it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medai import errors
from medai._bench.asking import predicting
from medai._bench.prepare import Way, batch_of, prepared
from medai._bench.sizes import Size
from medai._bench.subjects import subject_of
from medai._discovery import configure
from medai._memory import ran_out_of_memory
from medai.errors import MedaiError, MemoryFault, PluginError
from medai.io import write_json

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_ENDED_FIRST = Path("/proc/self/oom_score_adj")
_KILLED = (-9, 137)
# With a threshold of its own, glibc no longer keeps freed blocks of up to 32 MiB for later.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class Order:
    """What to measure, in words that another process understands; `no_plugins` and `files` are what this one discovers."""

    name: str
    scale: str | None
    assignments: tuple[str, ...]
    size: Size | None
    batch: int
    threads: int
    way: Way
    no_plugins: bool = False
    files: tuple[str, ...] = ()


def can_be_told() -> bool:
    """Whether the system says what the most memory was: Linux does."""
    return _STATUS.exists() and _RESET.exists()


def peak_on_cpu(order: Order) -> int:
    """By how many bytes the process's resident memory grows at its peak while it answers a batch, after it has answered one.

    Raises:
        MemoryFault: there was too little memory.
        MedaiError: what else the other process raised.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", __name__, json.dumps(dataclasses.asdict(order)), str(answer)]
        # Without what the caller asks of malloc: memory that is kept after use would not be seen to grow.
        given = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        done = subprocess.run(command, env={**given, **_ENVIRONMENT}, capture_output=True, text=True, check=False)
        if done.returncode in _KILLED:
            raise MemoryFault("the process that answered was ended by the system, as it does where memory runs out")
        if not answer.exists():
            raise PluginError(f"the process that answered ended with code {done.returncode}: {done.stderr.strip()[-500:]}")
        found = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        kind: type[MedaiError] = getattr(errors, found["error"])
        raise kind(found["said"])
    return int(found["bytes"])


def main() -> None:
    """Carry out an order, and write what was found."""
    text, answer = sys.argv[1:]
    be_the_first_to_end()
    try:
        found: dict[str, Any] = {"bytes": _measured(_order(json.loads(text)))}
    except MedaiError as error:
        found = {"error": type(error).__name__, "said": str(error)}
    except (MemoryError, RuntimeError) as error:
        if not ran_out_of_memory(error):
            raise
        found = {"error": "MemoryFault", "said": f"too little memory: {error}"}
    write_json(Path(answer), found)


def be_the_first_to_end() -> None:
    """Where memory runs out, Linux ends this process and not the one that asked, however much either holds."""
    with suppress(OSError):
        _ENDED_FIRST.write_text("1000", encoding="ascii")


def _order(given: Mapping[str, Any]) -> Order:
    size = None if given["size"] is None else tuple(given["size"])
    lists = {name: tuple(given[name]) for name in ("assignments", "files")}
    return Order(**{**given, **lists, "size": size, "way": Way(**given["way"])})


def _measured(order: Order) -> int:
    configure(no_plugins=order.no_plugins, files=tuple(map(Path, order.files)))
    torch.set_num_threads(order.threads)
    subject = subject_of(order.name, scale=order.scale, assignments=order.assignments, size=order.size)
    cpu = torch.device("cpu")
    call = predicting(prepared(subject, cpu, order.way), batch_of(subject, order.batch, order.way), cpu, bf16=order.way.bf16)
    call()
    before = _kilobytes("VmRSS")
    _RESET.write_text("5", encoding="ascii")  # the peak starts anew from what is resident now
    call()
    return max(0, _kilobytes("VmHWM") - before) * 1024


def _kilobytes(name: str) -> int:
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
