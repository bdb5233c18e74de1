"""Which images show the same: copies, copies that were cut or scaled, and neighbouring frames of one sweep over a breast.

A perceptual hash (pHash) finds candidates. Two images are then compared by their details, speckle and layers without the brightness
that all ultrasound images share: the largest correlation over small shifts, at their own resolution, which finds what was cut
otherwise, and at one common size, which finds what was scaled. On 100 images of BUSI, copies reach 0.68 and more, frames of one sweep
0.45 to 0.87, all other pairs less than 0.34.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
from PIL import Image as Picture
from scipy import fft
from scipy.ndimage import gaussian_filter

from medai_breast.datasets.pictures import LONGEST, SHORTEST

ALIKE, SAME = 0.4, 0.65
"""Correlations from which two images show the same tissue, and the same frame or the next."""

_REACH = 18
"""Of 64 bits of the hash; unrelated images differ in 30, in 18 or fewer one pair of a hundred does."""
_REDUCED, _LEAST = 6, 24
"""Own resolution: a sixth, of images that are then at least so many pixels along each side."""
_COMMON = 96
_CANVAS = (144, 192)
_SHIFT = 11
"""In reduced pixels: 66 of the image, or 11 % of the common size."""
_BLUR, _FLOOR = 4.0, 4.0
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
_THREADS = 4
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Pair:
    """Two images, by their places, and how much they show the same, from 0 to 1."""

    first: int
    second: int
    likeness: float


@dataclass(frozen=True)
class Audit:
    """What was found among images.

    Attributes:
        digests: of each image's pixels, the same wherever its file lies; empty for one that cannot be read.
        pairs: those that show the same tissue, in order.
    """

    digests: tuple[str, ...]
    pairs: tuple[Pair, ...]

    def firsts(self, least: float = ALIKE) -> list[int]:
        """For each image the first of those that it is joined to, by pairs of at least this likeness, one after another."""
        first = list(range(len(self.digests)))
        for pair in self.pairs:
            if pair.likeness >= least:
                low, high = sorted((first[pair.first], first[pair.second]))
                first = [low if each == high else each for each in first]
        return first


def audit(paths: Sequence[Path]) -> Audit:
    """Look at every image once, and compare them.

    Every image is decoded, which takes some 5 ms each; a process keeps what it found until one of the files changes.
    """
    return _audit(tuple(_mark(path) for path in paths))


def _mark(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), found.st_size, found.st_mtime_ns


@lru_cache(maxsize=8)
def _audit(marks: tuple[tuple[str, int, int], ...]) -> Audit:
    with ThreadPoolExecutor(_THREADS) as pool:
        looks = list(pool.map(_look, (Path(name) for name, _, _ in marks)))
    return Audit(tuple(look.digest if look else "" for look in looks), tuple(_pairs(looks)))


class _Look:
    """What is kept of an image while it is compared."""

    def __init__(self, picture: Picture.Image) -> None:
        self.digest = hashlib.blake2b(f"{picture.size}".encode() + picture.tobytes(), digest_size=10).hexdigest()
        small = picture.reduce(_REDUCED)
        self.bits: Array = imagehash.phash(picture.reduce(4) if min(picture.size) >= 128 else picture).hash.ravel()
        self.own = _Details(small, _CANVAS) if min(small.size) >= _LEAST else None
        self.common = _Details(picture.resize((_COMMON, _COMMON), Picture.Resampling.BOX), (_COMMON + _SHIFT,) * 2)

    def likeness(self, other: _Look) -> float:
        """The larger of the two correlations."""
        common = self.common.correlation(other.common)
        return max(common, self.own.correlation(other.own)) if self.own and other.own else common


class _Details:
    """An image without what is smooth in it, of like strength everywhere, and its spectrum."""

    def __init__(self, picture: Picture.Image, canvas: tuple[int, int]) -> None:
        values = np.asarray(picture, dtype=np.float32)
        rest = values - gaussian_filter(values, _BLUR)
        height, width = (side - _SHIFT for side in canvas)
        self.values: Array = (rest / (np.sqrt(gaussian_filter(rest * rest, _BLUR)) + _FLOOR))[:height, :width]
        self.spectrum = fft.rfft2(self.values, canvas)
        self._canvas = canvas

    def correlation(self, other: _Details) -> float:
        """Of the parts that overlap under the shift that fits best."""
        surface = fft.irfft2(self.spectrum * np.conj(other.spectrum), self._canvas)
        near = np.roll(surface, (_SHIFT, _SHIFT), (0, 1))[: 2 * _SHIFT + 1, : 2 * _SHIFT + 1]
        down, right = (int(place) - _SHIFT for place in np.unravel_index(near.argmax(), near.shape))
        one, two = _overlap(self.values, other.values, down, right)
        power = float((one * one).sum()) * float((two * two).sum())
        return float((one * two).sum()) / power**0.5 if power > 0 else 0.0


def _overlap(one: Array, two: Array, down: int, right: int) -> tuple[Array, Array]:
    top, left = max(0, down), max(0, right)
    bottom, end = min(one.shape[0], two.shape[0] + down), min(one.shape[1], two.shape[1] + right)
    return one[top:bottom, left:end], two[top - down : bottom - down, left - right : end - right]


def _look(path: Path) -> _Look | None:
    """None for what cannot be read, which `Dataset.read` says."""
    try:
        with Picture.open(path, formats=_FORMATS) as file:
            if min(file.size) < SHORTEST or max(file.size) > LONGEST:
                return None
            return _Look(_shades(file))
    except Exception:  # a decoder raises whatever it likes for a bad file
        return None


def _shades(picture: Picture.Image) -> Picture.Image:
    """In 256 shades of grey; pillow itself would cut 16 bits off at 255."""
    if picture.mode.startswith("I"):
        return Picture.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    # A palette with a transparent colour would be warned of.
    return (picture.convert("RGBA") if picture.mode in ("P", "PA") else picture).convert("L")


def _pairs(looks: Sequence[_Look | None]) -> Iterator[Pair]:
    seen = [(place, look) for place, look in enumerate(looks) if look]
    bits = np.array([look.bits for _, look in seen]).reshape(len(seen), -1)
    for row, (place, look) in enumerate(seen):
        apart = (bits[row + 1 :] != bits[row]).sum(1)
        for other_place, other in itertools.compress(seen[row + 1 :], apart <= _REACH):
            likeness = 1.0 if look.digest == other.digest else look.likeness(other)
            if likeness >= ALIKE:
                yield Pair(place, other_place, likeness)
