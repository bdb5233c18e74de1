"""Numbers as they lie in a file, plain or packed, read without taking more memory than they need."""

from __future__ import annotations

import bz2
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import numpy as np

from medai.errors import DataError
from medai.io._files import Array

Packing = Literal["raw", "gzip", "zlib", "bzip2", "text"]

_CHUNK = 1 << 20
# How many bytes a byte of a file can stand for. Deflate ends at 1032 (RFC 1951: 258 bytes by two bits). A picture is packed by that,
# by LZW (4,096 bytes by twelve bits) or as JPEG (768 values by six bits). bzip2 knows no bound to speak of.
_MOST = {"raw": 1.0, "gzip": 1032.0, "zlib": 1032.0, "picture": 4096.0, "bzip2": 1e9}


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer only at the end."""
        ...


@dataclass(frozen=True)
class Stored:
    """`count` numbers of a type in a file.

    Attributes:
        path: the file.
        dtype: their type, with its byte order.
        count: how many there are.
        start: bytes of the file in front of the packed stream.
        skip: bytes of the unpacked stream in front of the numbers.
        packing: how the stream is packed; `text` is numbers in decimal with white space between them.
    """

    path: Path
    dtype: np.dtype[np.generic]
    count: int
    start: int = 0
    skip: int = 0
    packing: Packing = "raw"

    def values(self) -> Array:
        """The numbers, (count,).

        Raises:
            DataError: the file is too short for them, before they are read, or its checksum is wrong.
        """
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size - self.start
            file.seek(self.start)
            if self.packing == "text":
                return self._numbers(file, size)
            wanted = self.count * self.dtype.itemsize
            require_room(self.skip + wanted, size, self.packing, self.path)
            with unpacked(file, self.packing) as stream:
                skip(stream, self.skip)
                content = read(stream, wanted, self.path)
                # A packed stream is checked by its sum, which its reader looks at when it comes to the end.
                stream.read(1)
            return np.frombuffer(content, self.dtype)

    def _numbers(self, file: BinaryIO, size: int) -> Array:
        require_room(2 * self.count - 1, size, "raw", self.path)  # a digit and a space each
        words = file.read().split(None, self.count)[: self.count]
        if len(words) < self.count:
            raise DataError(f"truncated: {len(words)} of {self.count} values", self.path)
        return np.fromiter(map(float, words), np.float64, self.count)


def require_room(wanted: int, size: int, packing: str, path: Path) -> None:
    """Refuse a claim of more bytes than the file has, or than as many packed bytes can stand for.

    Raises:
        DataError: the claim cannot be true.
    """
    if wanted > size * _MOST[packing]:
        most = "" if packing == "raw" else " packed"
        raise DataError(f"truncated: {wanted:,} bytes are claimed, the file has {max(0, size):,}{most}", path)


@contextmanager
def unpacked(file: BinaryIO, packing: str) -> Iterator[Stream]:
    """The unpacked stream from where the file stands."""
    if packing == "gzip":
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            yield stream
    elif packing == "bzip2":
        with bz2.BZ2File(file) as stream:
            yield stream
    else:
        yield Inflating(file) if packing == "zlib" else file


def read(stream: Stream, size: int, path: Path) -> bytes:
    """Exactly `size` bytes.

    Raises:
        DataError: the stream ends before.
    """
    content = stream.read(size)
    if len(content) < size:
        raise DataError(f"truncated: {len(content):,} of {size:,} bytes", path)
    return content


def skip(stream: Stream, size: int) -> None:
    """Pass over bytes, little by little; a stream that ends before is found when it is read."""
    while size > 0 and (part := stream.read(min(size, _CHUNK))):
        size -= len(part)


class Inflating:
    """A zlib stream (RFC 1950, or one of gzip) in a file, unpacked as far as it is read and no farther."""

    def __init__(self, file: Stream) -> None:
        self._file = file
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer only at the end."""
        content = bytearray()
        while len(content) < size and not self._engine.eof:
            packed = self._engine.unconsumed_tail or self._file.read(min(_CHUNK, size + 64))
            if not packed:
                break
            content += self._engine.decompress(packed, size - len(content))
        return bytes(content)
