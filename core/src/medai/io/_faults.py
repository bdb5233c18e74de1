"""What every reader shares: raw exceptions become errors that name the file, sizes are checked before anything is decoded."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai._words import listed
from medai.errors import DataError, MedaiError, MemoryFault
from medai.tasks._records import Origin
from medai.tasks.inputs import Image

LARGEST = 2**29
"""Most values (channels x frames x rows x columns) that a reader decodes: 2 GiB of float32, a body of 2,000 slices of 512 x 512."""

_LONGEST_REASON = 300
_NAMED = 3
"""Files that a warning names."""


class FilesWarning(UserWarning):
    """A warning that names files for whoever reads it; `reason`, which run folders keep, names none."""

    def __init__(self, reason: str, names: Sequence[str]) -> None:
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        super().__init__(f"{reason}: {listed([*names[:_NAMED], *more])}")
        self.reason = reason


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises for a bad file into a DataError.

    Decoders raise dozens of types (struct.error, zlib.error, SyntaxError, bare Exception), so all are caught here. The reason leaves out
    the file's name, because reasons are kept in run folders and a name may be a patient's.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MedaiError:
        raise
    except MemoryError as error:
        raise MemoryFault(f"{path}: too little memory to decode it") from error
    except FileNotFoundError as error:
        raise DataError("does not exist", path) from error
    except Exception as error:
        detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        # The name as a word of its own: a file may be called `a`.
        detail = re.sub(rf"(?<!\w){re.escape(path.name)}(?!\w)", "the file", detail.replace(str(path), "the file"))
        raise DataError(f"cannot be read as {kind}: {_short(detail) or type(error).__name__}", path) from error


def check_size(shape: Sequence[int], path: Path) -> None:
    """Refuse an empty or absurd size, as the header gives it."""
    if not shape or min(shape) < 1:
        raise DataError(f"empty: its size is {_times(shape)}", path)
    if math.prod(shape) > LARGEST:
        raise DataError(f"absurd size {_times(shape)}: more than {LARGEST:,} values", path)


def image_of(pixels: np.ndarray[Any, Any], unit: str, origin: Origin) -> Image:
    """Pixels (C, ...) of any numeric type as an Image.

    Raises:
        DataError: NaN or infinite values; names the first file of `origin`.
    """
    with np.errstate(over="ignore"):
        values = np.array(pixels, dtype=np.float32, order="C")
    if pixels.dtype.kind not in "biu" and not np.isfinite(values).all():
        bad = values.size - int(np.isfinite(values).sum())
        raise DataError(f"NaN or infinite pixels: {bad} of {values.size}", origin.files[0])
    return Image(torch.from_numpy(values), unit, origin)


def _short(text: str) -> str:
    """One line of a length that can be read: a decoder may quote the file it cannot read."""
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_REASON else words[:_LONGEST_REASON] + " ..."


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
