"""`medai weights`: convert older files of weights, and look into files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medai.weights import KeyMap

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(short_help="Convert files of weights, or look into them.")
def command() -> None:
    """Convert files of weights to safetensors, or look into them."""


@command.command(short_help="Convert a .pth file to safetensors.")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--map", "key_map", metavar="MODULE:NAME", help="Rename the tensors by a KeyMap, such as medai_x.weights:THEIRS.")
def convert(old: Path, new: Path, key_map: str | None) -> None:
    """Write the tensors of OLD, which torch.save wrote (.pth, .pt, .ckpt), as NEW, a safetensors file.

    OLD is opened in a process of its own that takes tensors from it and nothing else: code that it may hold is not run, and a file with
    other objects is refused (exit code 3).
    """
    from medai import weights

    done = weights.convert(old, new, None if key_map is None else _key_map(key_map))
    for note in done.notes:
        click.echo(note)
    click.echo(f"{done.path}: {done.tensors} tensors, from {old.name} with SHA-256 {done.sha256}")


@command.command(short_help="Show what a safetensors file holds.")
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(file: Path, as_json: bool) -> None:
    """Names, shapes and types of the tensors in FILE, its SHA-256, and what it says of itself."""
    from medai.weights import sha256
    from medai.weights._tensors import opened

    tensors, said = opened(file)
    rows = [(name, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for name, tensor in sorted(tensors.items())]
    values = sum(tensor.numel() for tensor in tensors.values())
    if as_json:
        described = [{"name": name, "shape": shape, "dtype": dtype} for name, shape, dtype in rows]
        click.echo(json.dumps({"sha256": sha256(file), "metadata": said, "values": values, "tensors": described}, indent=1))
        return
    widest = max((len(name) for name, _, _ in rows), default=0)
    for name, shape, dtype in rows:
        click.echo(f"{name.ljust(widest)}  {dtype.ljust(8)}  {' x '.join(map(str, shape)) or 'one value'}")
    click.echo(f"\n{len(rows)} tensors, {values:,} values; SHA-256 {sha256(file)}")
    for key, value in sorted(said.items()):
        click.echo(f"{key}: {value}")


def _key_map(target: str) -> KeyMap:
    from medai._discovery.target import import_target
    from medai.errors import UsageError
    from medai.weights import KeyMap

    if ":" not in target:
        raise UsageError(f"--map {target}: it is MODULE:NAME")
    found = import_target(target, "--map")
    if not isinstance(found, KeyMap):
        raise UsageError(f"--map {target}: there is no KeyMap, but a {type(found).__name__}")
    return found
