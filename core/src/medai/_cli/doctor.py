"""`medai doctor`: what is installed on this machine, and what is wrong with it."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import click

import medai
from medai._discovery import registry
from medai.errors import PluginError

_DECODERS = {
    "openjpeg": ("JPEG 2000, HTJ2K", "pylibjpeg-openjpeg"),
    "libjpeg": ("JPEG, JPEG-LS", "pylibjpeg-libjpeg"),
    "gdcm": ("JPEG, JPEG-LS, JPEG 2000", "python-gdcm"),
}


@click.command(short_help="Say what is installed, and what is wrong with it.")
@click.option("--json", "as_json", is_flag=True, help="A record.")
def command(as_json: bool) -> None:
    """Say what is installed: versions, devices, decoders, disk space, plugins with what is wrong with them."""
    found = _examine()
    click.echo(json.dumps(found, indent=1) if as_json else _text(found))
    broken = [record["name"] for record in found["plugins"] if record["status"] in ("failed", "incompatible")]
    if broken:
        raise PluginError(f"not well: {', '.join(broken)}")


def _examine() -> dict[str, Any]:
    import torch

    free = shutil.disk_usage(Path.cwd()).free
    return {
        "medai": medai.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "cuda": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "mps": torch.backends.mps.is_available(),
        "cores": os.cpu_count(),
        "decoders": {name: importlib.util.find_spec(name) is not None for name in _DECODERS},
        "writable": os.access(Path.cwd(), os.W_OK),
        "free_gib": round(free / 2**30, 1),
        "plugins": [
            {key: getattr(record, key) for key in ("name", "distribution", "version", "status", "reason", "traceback")}
            for record in registry().plugins
        ],
    }


def _text(found: dict[str, Any]) -> str:
    lines = [
        f"medai     {found['medai']}",
        f"python    {found['python']} on {found['platform']}, {found['cores']} cores",
        f"torch     {found['torch']}",
        f"devices   cpu{''.join(f', cuda:{index} ({name})' for index, name in enumerate(found['cuda']))}{', mps' if found['mps'] else ''}",
        f"folder    {'writable' if found['writable'] else 'NOT writable'}, {found['free_gib']} GiB free",
    ]
    for name, there in found["decoders"].items():
        what, package = _DECODERS[name]
        lines.append(f"decoder   {what}: {package if there else f'not installed (pip install {package})'}")
    for record in found["plugins"]:
        lines.append(
            f"plugin    {record['name']} ({record['distribution']} {record['version']}): {record['status']} {record['reason']}".rstrip()
        )
        lines += [f"            {line}" for line in record["traceback"].splitlines()]
    return "\n".join(lines)
