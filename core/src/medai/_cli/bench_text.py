"""A bench as a table, and what its figures are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from medai._bench.row import ALLOCATED, CALLS, GROWTH, VARIANTS, Row, device_name
from medai._bench.sizes import input_in_words
from medai._bench.timing import Spread
from medai._cli.text import paragraph


def bench_text(rows: Sequence[Row]) -> str:
    """The table and the notes to it."""
    cells = [_head(rows), *(_cells(row, rows) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([*table, "", *_notes(rows)])


def _head(rows: Sequence[Row]) -> list[str]:
    timed = [f"{variant} {call} ms".lstrip() for variant, call in _timed(rows)]
    fastest = ["fastest"] if len(_variants(rows)) > 1 else []
    return ["id", "device", "batch", "input", "parameters", "trainable", "MACs (G)", *timed, *fastest, "cases/s", "peak (MiB)"]


def _cells(row: Row, rows: Sequence[Row]) -> list[str]:
    name = [row.subject.name, str(row.device), str(row.batch), input_in_words(row.subject.sample.inputs)]
    if row.error is not None:
        return [*name, "failed", *[""] * (len(_head(rows)) - len(name) - 1)]
    counts = ["-", "-"] if row.parameters is None else [f"{row.parameters.all:,}", f"{row.parameters.trainable:,}"]
    macs = "-" if row.work is None else f"{row.work.macs / 1e9:.4g}"
    fastest = [row.fastest] if len(_variants(rows)) > 1 else []
    times = [_spread(row.times.get(key)) for key in _timed(rows)]
    return [*name, *counts, macs, *times, *fastest, f"{row.per_second:.4g}", "-" if row.peak is None else f"{row.peak / 2**20:.0f}"]


def _spread(found: Spread | None) -> str:
    return "-" if found is None else f"{found.median:.4g} ({found.low:.4g}..{found.high:.4g})"


def _device(row: Row) -> str:
    if row.device.type != "cpu":
        return device_name(row.device)
    count = torch.get_num_threads()
    return f"{device_name(row.device)}, {count} thread{'s' if count > 1 else ''}"


def _timed(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Variants and calls that any row has."""
    held = {key for row in rows for key in row.times}
    return [(variant, call) for variant in VARIANTS for call in CALLS if (variant, call) in held or not variant]


def _variants(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(variant for variant, _ in _timed(rows)))


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    devices = dict.fromkeys(f"{row.device}: {_device(row)}" for row in rows)
    ways = ", ".join(dict.fromkeys(f"{'bf16' if row.way.bf16 else 'float32'} on {row.device}" for row in rows))
    layout = ", channels last in memory" if rows and rows[0].way.channels_last else ""
    notes = [
        f"{'; '.join(devices)}. {ways}{layout}.",
        "predict: a batch answered as a user gets it; forward: the network alone. Milliseconds: median (quartiles).",
        "MACs: of convolutions and matrix products, for one case of this input.",
    ]
    peaks = {row.device.type for row in rows if row.peak is not None}
    notes += [f"peak on the CPU: {GROWTH} while it answers."] if "cpu" in peaks else []
    notes += [f"peak on CUDA: {ALLOCATED}."] if "cuda" in peaks else []
    notes += dict.fromkeys(
        f"{row.subject.name}: {row.work.untouched:,} of its parameters take no part in an answer; they serve training, or nothing."
        for row in rows
        if row.work is not None and row.work.untouched
    )
    notes += [f"{row.words}: not {variant}: {why}" for row in rows for variant, why in row.failures.items()]
    for note in notes:
        yield from paragraph(note, "")
