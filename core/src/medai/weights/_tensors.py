"""Files of tensors that need no trust to open."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from medai.errors import DataError

CHECKPOINT = "structure"
"""What the header of a run's checkpoint says besides its tensors, which have numbers for names there."""


class FileTensors(dict[str, Tensor]):
    """Tensors by name that know the file that they are from, so that what is wrong with them names it."""

    def __init__(self, tensors: Mapping[str, Tensor], path: Path) -> None:
        super().__init__(tensors)
        self.path = path


def read(path: Path | str) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, on the CPU.

    Raises:
        DataError: there is no such file, it is not safetensors, or it is a run's checkpoint.
    """
    tensors, said = opened(Path(path))
    if CHECKPOINT in said:
        raise DataError("is a run's checkpoint, which holds more than weights: export those of the run, by `medai export`", path)
    return FileTensors(tensors, Path(path))


def metadata(path: Path) -> dict[str, str]:
    """What a safetensors file says of itself.

    Raises:
        DataError: as `read`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError, ValueError) as error:
        raise _unreadable(path, error) from error


def opened(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118  not a mapping
    except (OSError, SafetensorError, ValueError) as error:
        raise _unreadable(path, error) from error


def sha256(path: Path | str) -> str:
    """The SHA-256 of a file, in hex.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise DataError("is a folder, a device or a pipe, not a file", path)
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", path) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    if not path.exists():
        return DataError("does not exist", path)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DataError(f"is not a safetensors file: {reason}; older formats: medai weights convert", path)
