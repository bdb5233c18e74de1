"""One row of a bench: what was measured of a model on a device at a size of batch, and how it is written down."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from medai._bench.counting import Parameters, Work
from medai._bench.prepare import Way
from medai._bench.sizes import input_in_words
from medai._bench.subjects import Subject
from medai._bench.timing import Spread
from medai._engine.device import describe
from medai.errors import MedaiError

VARIANTS = ("", "compiled", "graphs")
CALLS = ("predict", "forward")
GROWTH, ALLOCATED = "growth of a process's resident memory", "allocated on the device, weights included"
"""What a peak of memory is of."""


@dataclass
class Row:
    """A model on a device at a size of batch.

    Attributes:
        times: by variant (`""`, `compiled`, `graphs`) and call (`predict`, `forward`).
        peak: bytes; None where it cannot be told.
        failures: why a variant could not be had, by its name.
        error: why there is nothing else.
    """

    subject: Subject
    device: torch.device
    batch: int
    way: Way
    parameters: Parameters | None = None
    work: Work | None = None
    times: dict[tuple[str, str], Spread] = field(default_factory=dict)
    peak: int | None = None
    failures: dict[str, str] = field(default_factory=dict)
    error: MedaiError | None = None

    @property
    def fastest(self) -> str:
        """The variant that answers soonest: `eager`, `compiled` or `graphs`; empty where nothing was timed."""
        found = {variant: spread.median for (variant, call), spread in self.times.items() if call == "predict"}
        return min(found, key=found.__getitem__) or "eager" if found else ""

    @property
    def per_second(self) -> float | None:
        """Cases answered in a second, without compiling."""
        found = self.times.get(("", "predict"))
        return None if found is None else self.batch / found.median * 1000

    @property
    def words(self) -> str:
        """Which row it is."""
        return f"{self.subject.name} on {self.device}, batch {self.batch}"


def failure(found: Sequence[Row]) -> MedaiError | None:
    """What is wrong, if anything is: of the first row's class, with every row that failed."""
    failed = [(row, row.error) for row in found if row.error is not None]
    if not failed:
        return None
    said = "; ".join(f"{row.words}: {error}" for row, error in failed)
    return type(failed[0][1])(said if len(found) == 1 else f"{len(failed)} of {len(found)} rows failed: {said}")


def as_record(row: Row) -> dict[str, Any]:
    """The row as JSON and CSV have it; what is not known is None. Times are milliseconds, memory is bytes."""
    subject = row.subject
    times: dict[str, float | None] = {}
    for variant in VARIANTS:
        for call in CALLS:
            name, found = f"{variant}_{call}_ms".lstrip("_"), row.times.get((variant, call))
            values = (None, None, None) if found is None else (found.median, found.low, found.high)
            times |= zip((name, f"{name}_low", f"{name}_high"), values, strict=True)
    eager = row.times.get(("", "predict"))
    return {
        "id": subject.name,
        "kind": subject.kind,
        "scale": subject.scale or None,
        "model": subject.use.id,
        "input": input_in_words(subject.sample.inputs),
        "device": str(row.device),
        "device_name": device_name(row.device),
        "batch": row.batch,
        "precision": "bf16" if row.way.bf16 else "float32",
        "channels_last": row.way.channels_last,
        "parameters": row.parameters and row.parameters.all,
        "trainable": row.parameters and row.parameters.trainable,
        "untouched": row.work and row.work.untouched,
        "macs": row.work and row.work.macs,
        **times,
        "repeats": eager and eager.count,
        "per_second": row.per_second,
        "fastest": row.fastest or None,
        "peak_memory": row.peak,
        "peak_memory_of": None if row.peak is None else GROWTH if row.device.type == "cpu" else ALLOCATED,
        "not_compiled": "; ".join(f"{variant}: {why}" for variant, why in row.failures.items()) or None,
        "error": None if row.error is None else str(row.error),
        "exit_code": 0 if row.error is None else row.error.exit_code,
    }


def device_name(device: torch.device) -> str:
    """What the device is called: the card, or the processor."""
    if device.type != "cpu":
        return describe(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(filter(None, named), platform.processor() or platform.machine())
