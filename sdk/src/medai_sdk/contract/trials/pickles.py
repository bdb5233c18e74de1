"""Pickles that stand in a state, plain or wrapped: in bytes, in an array of bytes or in a text, compressed or not."""

from __future__ import annotations

import base64
import bz2
import io
import itertools
import lzma
import pickletools
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

_DEPTH = 4
"""Wrappings that are looked through."""
_LARGEST = 2**26
"""Bytes that something is unpacked to at most."""
_MOST_INSTRUCTIONS = 100_000
_UNPACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": lambda held: zlib.decompressobj(31).decompress(held, _LARGEST),
    b"\x78": lambda held: zlib.decompressobj().decompress(held, _LARGEST),
    b"BZh": lambda held: bz2.BZ2Decompressor().decompress(held, _LARGEST),
    b"\xfd7zXZ\x00": lambda held: lzma.LZMADecompressor().decompress(held, _LARGEST),
}
"""By the first bytes."""
_READ: tuple[Callable[[str], bytes], ...] = (
    lambda text: text.encode("latin-1"),
    lambda text: base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True),
    base64.b85decode,
    base64.a85decode,
    bytes.fromhex,
)
"""Ways in which a text may stand for bytes."""


def is_pickle(value: Any) -> bool:
    """Whether a value of a state holds a pickle, plain or in the file that torch.save writes; it is not opened."""
    return any(_is_pickle(held) for held in _bytes_of(value))


def _bytes_of(value: Any) -> Iterator[bytes]:
    if isinstance(value, np.ndarray | torch.Tensor):
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
        if array.dtype.kind in "iu" and array.ndim == 1:
            # Numbers of any width, of which each is a byte.
            whole = array.dtype.itemsize == 1 or bool(array.size and array.min() >= 0 and array.max() < 256)
            yield from _unwrapped(array.astype(np.uint8).tobytes() if whole else array.tobytes())
    elif isinstance(value, str):
        yield from _texts(value, _DEPTH)
    elif isinstance(value, bytes | bytearray):
        yield from _unwrapped(bytes(value))


def _texts(text: str, depth: int) -> Iterator[bytes]:
    for read in _READ:
        try:
            yield from _unwrapped(read(text), depth - 1)
        except ValueError:  # UnicodeEncodeError and binascii.Error are such
            continue


def _unwrapped(held: bytes, depth: int = _DEPTH) -> Iterator[bytes]:
    yield held
    if depth <= 0:
        return
    for mark, unpack in _UNPACKED.items():
        if held.startswith(mark):
            try:
                yield from _unwrapped(unpack(held), depth - 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError):
                continue
    if held.isascii():
        yield from _texts(held.decode("ascii"), depth - 1)


def _is_pickle(held: bytes) -> bool:
    if held[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(held)) as file:
                return any(name.endswith((".pkl", ".pickle")) for name in file.namelist())
        except zipfile.BadZipFile:
            return False
    if held[:1] != b"\x80" or held[-1:] != b".":
        return False
    try:
        return sum(1 for _ in itertools.islice(pickletools.genops(held), _MOST_INSTRUCTIONS)) > 1
    except (ValueError, UnicodeDecodeError):
        return False
