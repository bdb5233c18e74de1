"""Where tiles lie along one axis, and what each of their pixels counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from medai.errors import UsageError


def _gaussian(tile: int) -> Tensor:
    # A deviation of an eighth of the tile, as nnU-Net has it (Isensee et al., Nat. Methods 18, 2021, 203).
    distance = torch.arange(tile, dtype=torch.float64) - (tile - 1) / 2
    return torch.exp(-0.5 * (distance / (tile / 8)) ** 2)


def _linear(tile: int) -> Tensor:
    place = torch.arange(tile, dtype=torch.float64)
    return torch.minimum(place + 1, tile - place)


def _flat(tile: int) -> Tensor:
    return torch.ones(tile, dtype=torch.float64)


WEIGHTINGS: Mapping[str, Callable[[int], Tensor]] = {"gaussian": _gaussian, "linear": _linear, "flat": _flat}


@dataclass(frozen=True)
class Axis:
    """One axis of an image in tiles.

    Attributes:
        size: pixels of the image.
        tile: pixels of a tile.
        starts: the first pixel of each tile; the last tile may end beyond the image.
        weights: for each tile what its pixels count, float32 (size of the tile, or less at the image's end). Those of one pixel of the
            image add up to one, so that nothing is divided in the end.
    """

    size: int
    tile: int
    starts: tuple[int, ...]
    weights: tuple[Tensor, ...]

    # Kept, for a data set has many images of one size; the weights of a call cost as much as several tiles' sums.
    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, size: int, tile: int, *, overlap: float, weighting: str, margin: int, multiple: int) -> Axis:
        """As few tiles as overlap by at least that part of a tile, evenly spread.

        Raises:
            UsageError: the margins leave a pixel without an answer.
        """
        # Counted in steps of `multiple`; the small part stands for rounding.
        most = max(1, math.floor(tile * (1 - overlap) + 1e-6) // multiple)
        last = math.ceil(max(size - tile, 0) / multiple)
        tiles = math.ceil(last / most) + 1
        if tiles > 1 and most * multiple > tile - 2 * margin:
            raise UsageError(
                f"tiles of {tile} pixels that overlap by {tile - most * multiple} leave pixels to no tile when margins of {margin} "
                f"are cut off: the overlap must be {2 * margin} pixels at least"
            )
        starts = tuple(multiple * (number * last // max(tiles - 1, 1)) for number in range(tiles))
        return cls(size, tile, starts, _weights(size, tile, starts, WEIGHTINGS[weighting](tile), margin))

    def tile_slice(self, number: int) -> slice:
        """The pixels of the image that a tile covers."""
        start = self.starts[number]
        return slice(start, min(start + self.tile, self.size))


def _weights(size: int, tile: int, starts: tuple[int, ...], shape: Tensor, margin: int) -> tuple[Tensor, ...]:
    rows = []
    for start in starts:
        row = shape.clone()
        # At the image's own border there is no neighbour to answer instead.
        if start > 0:
            row[:margin] = 0
        if start + tile < size:
            row[tile - margin :] = 0
        rows.append(row[: size - start])
    total = torch.zeros(size, dtype=torch.float64)
    for start, row in zip(starts, rows, strict=True):
        total[start : start + len(row)] += row
    return tuple((row / total[start : start + len(row)]).float() for start, row in zip(starts, rows, strict=True))
