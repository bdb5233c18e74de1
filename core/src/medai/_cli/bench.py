"""`medai bench`: what models cost: parameters, multiplications, time and memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from medai._imports import importing


@click.command(short_help="Measure parameters, MACs, time and memory of models.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--size", metavar="N|HxW|DxHxW", help="Draw the input's image to this size; default its own.")
@click.option("--batch", "batches", default="1", show_default=True, metavar="N,...", help="Sizes of batch.")
@click.option("--device", "devices", multiple=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Repeatable, or with commas; default auto.")
@click.option("--threads", "count", type=click.IntRange(min=1), help="Threads of torch on the CPU; default as many as there are.")
@click.option("--compile", "compiled", is_flag=True, help="Measure it compiled too and, on CUDA, with CUDA graphs.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bf16", "auto"]),
    default="float32",
    show_default=True,
    help="auto: bf16 where the card has it.",
)
@click.option("--channels-last", is_flag=True, help="Lay images and weights out in memory with the channels last.")
@click.option("--repeats", type=click.IntRange(min=1), help="Times to measure; default as many as fit in some seconds, at least 3.")
@click.option("--scale", metavar="NAME", help="A recipe's scale; default paper.")
@click.option("--set", "assignments", multiple=True, metavar="A.B=VALUE", help="Override a value, such as model.filters=32; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure, with software and devices, as JSON.")
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write every figure as CSV too.")
def command(
    ids: tuple[str, ...],
    size: str | None,
    batches: str,
    devices: tuple[str, ...],
    count: int | None,
    as_json: bool,
    table: Path | None,
    compiled: bool,
    scale: str | None,
    assignments: tuple[str, ...],
    **given: Any,
) -> None:
    """Measure each ID, a model, a recipe's model or that of a run folder, on each device at each size of batch.

    The input is a case of the recipe's embedded or stub data, or of the run's test cases, as often as the batch is large; a model's is
    that of a recipe that names it. A row that fails leaves the others; the exit code is that of the first.
    """
    with importing():
        from medai._bench.prepare import way_on
        from medai._bench.row import failure
        from medai._bench.rows import Settings, rows
        from medai._bench.sizes import parse_size
        from medai._bench.subjects import subject_of
        from medai._bench.timing import threads
        from medai._cli.bench_text import bench_text
        from medai._cli.console import ConsoleListener
        from medai._engine.device import resolve_device

    wanted = None if size is None else parse_size(size)
    chosen = tuple(dict.fromkeys(resolve_device(name) for name in _parts(devices) or ["auto"]))
    for device in chosen:
        way_on(device, given["precision"])
    root = click.get_current_context().find_root().params
    listener = ConsoleListener()
    with threads(count):
        settings = Settings(
            devices=chosen,
            batches=_batches(batches),
            size=wanted,
            scale=scale,
            assignments=assignments,
            compile=compiled,
            no_plugins=bool(root.get("no_plugins")),
            files=tuple(str(path.absolute()) for path in root.get("files", ())),
            **given,
        )
        subjects = [subject_of(name, scale=scale, assignments=assignments, size=wanted) for name in dict.fromkeys(ids)]
        found = list(rows(subjects, settings, listener))
        if table is not None:
            _write(table, found)
        click.echo(_document(found) if as_json else bench_text(found))
    if (error := failure(found)) is not None:
        raise error


def _parts(texts: Sequence[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _batches(text: str) -> tuple[int, ...]:
    parts = _parts([text])
    if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise click.UsageError(f"--batch {text!r}: wanted sizes such as 1,2,4")
    return tuple(dict.fromkeys(map(int, parts)))


def _document(found: Sequence[Any]) -> str:
    import torch

    from medai._bench.row import as_record
    from medai._bench.timing import WARMUP
    from medai._engine.record import software

    record = {"software": software(), "threads": torch.get_num_threads(), "warmup": WARMUP, "rows": [as_record(row) for row in found]}
    return json.dumps(record, indent=2)


def _write(path: Path, found: Sequence[Any]) -> None:
    from medai._bench.row import as_record
    from medai.io import write_csv

    records = [as_record(row) for row in found]
    write_csv(path, list(records[0]), [{name: "" if value is None else value for name, value in record.items()} for record in records])
