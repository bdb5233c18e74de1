"""Notes when pixels are decoded, whatever library does it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np

_ALWAYS = (
    ("medai.io._read", "image_of", "medai.io"),
    ("medai.io._decoders", "stored_values", "medai.io"),
    ("PIL.ImageFile", "ImageFile.load", "Pillow"),
    ("pydicom.pixels.decoders.base", "Decoder.as_array", "pydicom"),
    ("pydicom.pixels.decoders.base", "Decoder.iter_array", "pydicom"),
    ("nibabel.arrayproxy", "ArrayProxy._get_unscaled", "nibabel"),
    ("nibabel.arrayproxy", "ArrayProxy._get_scaled", "nibabel"),
)
"""Of packages that medai brings: module, function, and what it is called."""

_IF_IMPORTED = (
    ("SimpleITK", "ReadImage", "SimpleITK"),
    ("cv2", "imread", "OpenCV"),
    ("tifffile", "imread", "tifffile"),
    ("imageio.v2", "imread", "imageio"),
    ("imageio.v3", "imread", "imageio"),
    ("skimage.io", "imread", "scikit-image"),
    ("torchvision.io", "read_image", "torchvision"),
    ("torchvision.io", "decode_image", "torchvision"),
)
_SHORT = 8
"""Along one of its two axes, a table of values rather than a picture."""


@contextmanager
def decoding_noted() -> Iterator[list[str]]:
    """While inside, the list grows by a name whenever pixels are decoded; all works as ever."""
    noted: list[str] = []
    with ExitStack() as stack:
        for module, name, said in (*_ALWAYS, *(each for each in _IF_IMPORTED if each[0] in sys.modules)):
            stack.enter_context(_noting(module, name, said, noted))
        stack.enter_context(patch.object(np, "load", _load_noting(np.load, noted)))
        stack.enter_context(patch.object(np.lib.npyio.NpzFile, "__getitem__", _load_noting(np.lib.npyio.NpzFile.__getitem__, noted)))
        yield noted


def _noting(module: str, name: str, said: str, noted: list[str]) -> Any:
    holder: Any = import_module(module)
    *outer, last = name.split(".")
    for each in outer:
        holder = getattr(holder, each)
    real = getattr(holder, last)

    @functools.wraps(real)
    def noting(*args: Any, **keywords: Any) -> Any:
        noted.append(said)
        return real(*args, **keywords)

    return patch.object(holder, last, noting)


def _load_noting(real: Callable[..., Any], noted: list[str]) -> Callable[..., Any]:
    """NumPy's, which also reads lists of labels: only what looks like pictures counts, and what is mapped is not read."""

    @functools.wraps(real)
    def noting(*args: Any, **keywords: Any) -> Any:
        found = real(*args, **keywords)
        if isinstance(found, np.ndarray) and not isinstance(found, np.memmap) and found.ndim > 1 and min(found.shape[-2:]) > _SHORT:
            noted.append("numpy")
        return found

    return noting
