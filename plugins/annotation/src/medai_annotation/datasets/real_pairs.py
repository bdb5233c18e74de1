"""Real pairs: an image on which a sonographer drew, and the same frame without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.io import pseudonym, require_folder
from medai.tasks import Case, Image, Sample
from medai_annotation.annotated import Annotated
from medai_annotation.datasets.listing import file_of, read_listing
from medai_annotation.datasets.pictures import SHORTEST, read_clean
from medai_annotation.datasets.stub import write_pairs
from medai_annotation.kinds import KINDS

LISTING = "pairs.csv"
_COLUMNS = ("annotated", "clean", "dy", "dx")
_FOUND_IN_BUSI = {
    "annotated": "malignant/malignant (119).png",
    "clean": "malignant/malignant (118).png",
    "dy": "4",
    "dx": "-3",
    "annotation": "radial-line",
}
"""The only pair among the images of BUSI that were looked through. The clean frame shows the cursor, a small grey cross."""


class _Pair(NamedTuple):
    annotated: Path
    clean: Path
    shift: tuple[int, int]
    annotation: str
    group: str


class RealPairs:
    """Annotated images with the clean image of the same frame, (3, H, W) in 0..1, cut to what both show.

    `pairs.csv` in the folder has a row for each pair: `annotated` and `clean`, paths beneath the folder; `dy` and `dx`, by how many rows
    and columns the frame lies further down and right in the clean image; and if they are known `annotation`, a kind such as
    `radial-line`, and `group`, one word for images of one patient. BUSI needs no table: one pair of it is known, malignant (119) and
    (118), shifted by dy 4 and dx -3.

    Files of a pair differ everywhere by a few grey levels, since each was compressed by itself. So the annotation is where the annotated
    image is brighter by more than `least` in any channel; there the reference is the clean image, elsewhere the annotated one.

    Args:
        root: the folder; of BUSI, the one with `malignant`, or the one that holds `Dataset_BUSI_with_GT`.
        least: by how much an annotation is brighter than what it covers, in 0..1.

    Raises:
        DataError: the folder is missing, or holds neither a table nor BUSI's pair, or the table is none.
        UsageError: `least` is not within 0 and 1.
    """

    def __init__(self, root: Path, least: float = 16 / 255) -> None:
        if not 0 < least < 1:
            raise UsageError(f"least = {least:g}: above 0 and below 1 is wanted")
        root = require_folder(root)
        self.least = least
        home, rows, listing = _listed(root)
        pairs = [_pair(row, home, listing) for row in rows]
        self._pairs = {pseudonym(f"{row['annotated']} {row['clean']}", prefix="pair"): pair for row, pair in zip(rows, pairs, strict=True)}
        self.single_subject = len({pair.group for pair in pairs}) == 1

    def cases(self) -> Sequence[Case]:
        """A case per pair, with the attribute `annotation` where the kind is known."""
        return [
            Case(id, pseudonym(pair.group, prefix="g"), attributes={"annotation": pair.annotation} if pair.annotation else {})
            for id, pair in self._pairs.items()
        ]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The annotated image, which knows its clean one and, where the kind is known, its marks; and the clean one as the reference.

        Raises:
            DataError: an image cannot be read, the shift leaves nothing, or nothing is brighter in the annotated image.
        """
        pair = self._pairs[case.id]
        whole = read_clean(pair.annotated, None, colour=1.0)
        noisy, other = _overlap(whole.pixels, read_clean(pair.clean, None, colour=1.0).pixels, pair)
        drawn = (noisy - other).amax(0) > self.least
        if not drawn.any():
            raise DataError(f"shows nothing that {pair.clean.name} does not show", pair.annotated)
        clean = torch.where(drawn, other, noisy)
        origin = replace(whole.origin, affine=None, calibrations=()) if whole.origin is not None else None
        marks = drawn.long() * (KINDS.index(pair.annotation) + 1) if pair.annotation in KINDS else None
        return Sample(case, Annotated(noisy, "0..1", origin, clean, marks), Image(clean, "0..1", origin))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small pairs with radial lines, and `pairs.csv`."""
        write_pairs(root, n, seed)


def _listed(root: Path) -> tuple[Path, Sequence[Mapping[str, str]], Path]:
    """Where the files lie, the rows, and the file that says so."""
    listing = root / LISTING
    if listing.is_file():
        return root, read_listing(listing, _COLUMNS), listing
    for home in (root, root / "Dataset_BUSI_with_GT"):
        if (home / _FOUND_IN_BUSI["annotated"]).is_file():
            return home, [_FOUND_IN_BUSI], home
    raise DataError(f"holds no {LISTING} with the columns {', '.join(_COLUMNS)}, and is not BUSI, of which a pair is known", root)


def _pair(row: Mapping[str, str], home: Path, listing: Path) -> _Pair:
    try:
        shift = int(row["dy"]), int(row["dx"])
    except ValueError as error:
        raise DataError(f"{row['annotated']}: dy and dx are whole numbers of pixels", listing) from error
    annotated, clean = (file_of(home, row[column], listing) for column in ("annotated", "clean"))
    return _Pair(annotated, clean, shift, row.get("annotation", ""), row.get("group") or row["clean"])


def _overlap(noisy: torch.Tensor, clean: torch.Tensor, pair: _Pair) -> tuple[torch.Tensor, torch.Tensor]:
    """What both images show: pixel (row, column) of one is (row + dy, column + dx) of the other."""
    parts: list[tuple[slice, slice]] = []
    for length, other, shift in zip(noisy.shape[1:], clean.shape[1:], pair.shift, strict=True):
        first = max(0, -shift)
        last = min(length, other - shift)
        if last - first < SHORTEST:
            raise DataError(
                f"shifted by {pair.shift[0]} rows and {pair.shift[1]} columns, {pair.clean.name} shows nothing of it", pair.annotated
            )
        parts.append((slice(first, last), slice(first + shift, last + shift)))
    (rows, columns), (other_rows, other_columns) = ([part[place] for part in parts] for place in (0, 1))
    return noisy[:, rows, columns].contiguous(), clean[:, other_rows, other_columns].contiguous()
