"""Older files of weights, which are pickles: converted by a process of its own that takes tensors from them and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from medai.errors import DataError, EnvironmentFault, MemoryFault, UsageError
from medai.io import replacing
from medai.weights._keys import KeyMap
from medai.weights._tensors import metadata, opened, sha256

LEGACY = (".pth", ".pt", ".ckpt", ".bin", ".tar", ".pkl")
"""Endings of files that torch.save wrote."""

SECONDS = 600
"""How long a conversion may take."""


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What became of a legacy file.

    Attributes:
        path: the safetensors file.
        tensors: how many it holds.
        notes: what was left out or changed, a sentence each.
        sha256: of the legacy file.
    """

    path: Path
    tensors: int
    notes: tuple[str, ...]
    sha256: str


def convert(source: Path | str, target: Path | str, key_map: KeyMap | None = None) -> Conversion:
    """Write the tensors of a file that `torch.save` wrote as safetensors, with the SHA-256 of the source in the metadata.

    Another process opens the file, with `weights_only=True` and with limits of time and, where the system has them, of memory: objects
    other than tensors and plain containers are never made, and whatever the file does to that process, this one goes on. A state dict
    within (`state_dict`, `model`, `params` and the like) is found, and `module.` before every name taken off; the notes say so.

    Raises:
        UsageError: `target` does not end in `.safetensors`, so that no other file is overwritten by mistake.
        DataError: the source is missing, holds objects or no tensors, or is no such file.
        MemoryFault: its tensors take more memory than a conversion may have.
        EnvironmentFault: `target` cannot be written.
    """
    source, target = Path(source), Path(target)
    if target.suffix != ".safetensors" or (target.exists() and source.exists() and target.samefile(source)):
        raise UsageError(f"{target}: the new file is another than the old one and ends in .safetensors")
    digest = sha256(source)
    with replacing(target) as temporary:
        found = _in_a_process(source, temporary, digest)
        if key_map is not None:
            tensors, described = opened(temporary)
            renamed = {name: tensor.clone() for name, tensor in key_map.apply(tensors).items()}
            save_file(renamed, temporary, described | {"key_map": key_map.name})
            found = found | {"tensors": len(renamed), "notes": [*found["notes"], f"names changed by the key map {key_map.name}"]}
    return Conversion(path=target, tensors=found["tensors"], notes=tuple(found["notes"]), sha256=digest)


def converted(source: Path, folder: Path) -> Path:
    """The safetensors of a legacy file in `folder`, made if it is not there yet."""
    digest = sha256(source)
    target = folder / f"{digest}.safetensors"
    if not (target.exists() and metadata(target).get("source_sha256") == digest):
        convert(source, target)
    return target


def _in_a_process(source: Path, target: Path, digest: str) -> dict[str, Any]:
    # -P: a file called torch.py in the working folder is not torch.
    command = [sys.executable, "-P", "-m", "medai.weights._convert", str(source.resolve()), str(target.resolve()), digest]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"could not be converted within {SECONDS} seconds", source) from error
    except OSError as error:
        raise EnvironmentFault(f"the process that converts weights could not be started: {error}") from error
    try:
        said: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    except ValueError:
        ended = f"ended with code {done.returncode}: {done.stderr.strip()[-300:] or 'without a word'}"
        raise DataError(f"the process that converts it {ended}", source) from None
    if "memory" in said:
        raise MemoryFault(f"{source}: {said['memory']}")
    if "refused" in said:
        raise DataError(said["refused"], source)
    return said
