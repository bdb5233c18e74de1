"""`medai doctor`: what is installed on this machine, and what is wrong with it."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

import medai
from medai._discovery import PluginRecord, looked_at_apart
from medai.errors import PluginError

_DECODERS = {
    "openjpeg": ("JPEG 2000, HTJ2K", "pylibjpeg-openjpeg"),
    "jpeg_ls": ("JPEG-LS", "pyjpegls"),
    "libjpeg": ("JPEG", "pylibjpeg-libjpeg"),
}


@click.command(short_help="Say what is installed, and what is wrong with it.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where run folders are to go.")
@click.option("--json", "as_json", is_flag=True, help="A record.")
def command(out: Path, as_json: bool) -> None:
    """Say what is installed: versions, devices, decoders, disk space, plugins with what is wrong with them.

    Each plugin is loaded in a process of its own, which has 30 seconds: one that hangs or ends its process is named, and the others are
    seen all the same. The exit code is 6 when a plugin is failed or incompatible.
    """
    records = looked_at_apart()
    found = {**_versions(), **_folder(out), "plugins": [_plugin(record) for record in records]}
    click.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else _text(found))
    broken = [record.name for record in records if record.broken]
    if broken:
        raise PluginError(f"not well: {', '.join(broken)}")


def _versions() -> dict[str, Any]:
    return {
        "medai": medai.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        **_devices(),
        "decoders": {name: importlib.util.find_spec(name) is not None for name in _DECODERS},
    }


def _devices() -> dict[str, Any]:
    try:
        import torch
    except (ImportError, OSError) as error:  # a library of CUDA that does not load is an OSError
        return {"torch": None, "torch_error": str(error), "cuda": [], "mps": False}
    cuda = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    devices = [{"name": device.name, "memory_gib": round(device.total_memory / 2**30, 1)} for device in cuda]
    return {"torch": torch.__version__, "torch_error": "", "cuda": devices, "mps": torch.backends.mps.is_available()}


def _folder(out: Path) -> dict[str, Any]:
    # `medai run` makes the folder, so what counts is the nearest one that is there.
    place = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            fault = ""
    except OSError as error:
        fault = error.strerror or str(error)
    return {"folder": str(place), "writable": not fault, "fault": fault, "free_gib": round(shutil.disk_usage(place).free / 2**30, 1)}


def _plugin(record: PluginRecord) -> dict[str, str]:
    return {key: getattr(record, key) for key in ("name", "distribution", "version", "status", "reason", "traceback")}


def _text(found: dict[str, Any]) -> str:
    devices = [f"cuda:{index} ({card['name']}, {card['memory_gib']} GiB)" for index, card in enumerate(found["cuda"])]
    writable = "writable" if found["writable"] else f"NOT writable ({found['fault']})"
    lines = [
        f"medai     {found['medai']}",
        f"python    {found['python']} on {found['platform']}, {found['cores']} cores",
        f"torch     {found['torch'] or 'cannot be imported: ' + found['torch_error']}",
        f"devices   {', '.join(['cpu', *devices, *(['mps'] if found['mps'] else [])])}",
        f"folder    {found['folder']}: {writable}, {found['free_gib']} GiB free",
    ]
    for name, there in found["decoders"].items():
        what, package = _DECODERS[name]
        lines.append(f"decoder   {what}: {package if there else f'not installed (pip install {package})'}")
    for plugin in found["plugins"]:
        label = f"{plugin['name']} ({plugin['distribution']} {plugin['version']})"
        lines.append(f"plugin    {label}: {plugin['status']}{': ' if plugin['reason'] else ''}{plugin['reason']}")
        lines += [f"            {line}" for line in plugin["traceback"].splitlines()]
    return "\n".join(lines)
