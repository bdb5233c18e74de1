"""What a department gets of its archive: images without the annotation, masks, and a table that says which image bears one."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import ndimage

from medai.errors import DataError, UsageError
from medai.io import write_csv, write_image
from medai.tasks import Image, Sample
from medai_annotation.cleaned import Cleaned
from medai_annotation.datasets.pictures import coloured
from medai_annotation.kinds import KINDS
from medai_annotation.masks import Mask, changed, without_specks
from medai_annotation.metrics.presence import SPECK
from medai_annotation.metrics.thresholds import DEFAULT, require_threshold
from medai_annotation.naming import names_of, picture_of

Box = tuple[int, int, int, int]

_COLUMNS = ("case", "annotation", "present", "score", "reason", "clean", "mask")
_MARGIN = 2
"""Pixels by which a mask is grown before what lies under it is replaced: the soft edges of lines are below its threshold."""
_COLOURED = 0.05
"""Share of coloured pixels above which presence is not told: more than the annotations that are drawn for training cover, and what clean
images for training may not have."""
_ROUNDING = 1e-3
"""Of a grey level of 8 bits; neighbouring values of 16 bits are four times as far apart."""
_UNNAMED = ".unnamed"
_UNMEASURED = "the run has measured no presence"


class _Picture(NamedTuple):
    """Where the two pictures of an image lie while its name is not known, the place of its case, and what its name ends in."""

    place: int
    plane: str
    clean: Path
    mask: Path


class CleanedImages:
    """`clean/CASE.png`, `mask/CASE.png` (white where the annotation was) and `annotations.csv`, a row for each image: the annotation,
    whether it is there (`yes` or `no`), and the score, which is the number of white pixels left in the mask; of a model that tells the
    kinds apart, the kinds that it found, and how sure it is of each (`body-marker-score` ...). Of a volume, each plane is an image
    `CASE-0001`. A case is called by the name of its file without the suffix; by its id where two files have one name, and of DICOM, whose
    ids are pseudonyms.

    Whether the annotation is there is told where the run measured presence, or both numbers for it are given, and of images with little
    colour: a network that has not seen colour Doppler takes it off like an annotation. Else `present` is empty, and `reason` says why.

    Outside the mask the clean image keeps the pixels that were given; one of a grey image is grey, and of 16 bits where that had more
    than 8.

    Args:
        threshold: difference of input and answer, in 0..1, from which on a pixel belongs to the mask. By default what the run chose on its
            validation cases, as are the following two.
        presence_threshold: the same, for the score; where the run chose none, the score is counted at `threshold`.
        presence_pixels: score from which on the annotation is there: a number of pixels, chosen on images of the size that the run
            measured, whatever the size of the image.
        annotation: what the model was trained to take off; by default what the run's protocol says.
        private: rectangles (x0, y0, x1, y1) in pixels, such as a name or a date burned into the image: made coarse before anything is
            written. There the mask is black, since it would show the letters, and nothing counts for the score.
        block: pixels along each side of the blocks that private rectangles are made of.
        whole: the clean image is the network's answer everywhere.
        sure: from which score on, 0..1, a kind was found, of a model that tells kinds apart; by default what the run chose.

    Raises:
        UsageError: a rectangle is empty, or a number out of range.
    """

    def __init__(
        self,
        threshold: float = DEFAULT,
        presence_threshold: float | None = None,
        presence_pixels: int | None = None,
        annotation: str = "annotation",
        private: tuple[Box, ...] = (),
        block: int = 16,
        whole: bool = False,
        sure: float | None = None,
    ) -> None:
        for box in private:
            if not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
                raise UsageError(f"private = {list(box)}: x0, y0, x1, y1 are wanted, x0 below x1 and y0 below y1, none below 0")
        if block < 2:
            raise UsageError(f"block = {block}: 2 pixels or more, or nothing would be hidden")
        for option, value in (("threshold", threshold), ("presence_threshold", presence_threshold)):
            require_threshold(option, value)
        if sure is not None and not 0 < sure < 1:
            raise UsageError(f"sure = {sure}: a score between 0 and 1 is wanted")
        if presence_pixels is not None and presence_pixels < 1:
            raise UsageError(f"presence_pixels = {presence_pixels}: a number of pixels above 0 is wanted")
        self._threshold, self._presence, self._pixels = threshold, presence_threshold, presence_pixels
        self._annotation, self._private, self._block, self._whole, self._sure = annotation, private, block, whole, sure

    def check(self, sample: Sample[Image, Any], prediction: Any) -> None:
        """An image in 0..1 of its input's shape, into which every private rectangle reaches.

        Raises:
            DataError: it is something else.
        """
        path = sample.origin.files[0] if sample.origin is not None and sample.origin.files else None
        if not isinstance(prediction, Image) or prediction.pixels.shape != sample.inputs.pixels.shape:
            raise DataError("the answer is no image of its input's shape, so that no mask can be made of their difference", path)
        if prediction.unit not in ("", "0..1"):
            raise DataError(f"the answer is in {prediction.unit}; pictures of 0..1 are wanted", path)
        height, width = prediction.pixels.shape[-2:]
        for x0, y0, _, _ in self._private:
            if x0 >= width or y0 >= height:
                raise DataError(
                    f"the private rectangle at {x0}, {y0} lies outside an image of {width} x {height}: nothing is written of it", path
                )

    def write(self, rows: Iterable[tuple[Sample[Image, Any], Image]], folder: Path) -> list[Path]:
        """Write the pictures and the table; return the clean images in the order of the rows, then the masks, then the table.

        Raises:
            DataError: as `check`.
            EnvironmentFault: the disk is full.
        """
        cases, pictures, table = [], [], []  # type: tuple[list[tuple[str, str]], list[_Picture], list[dict[str, object]]]
        for sample, prediction in rows:
            self.check(sample, prediction)
            picture, shares = picture_of(sample), []
            for plane, given, answer in _planes(sample.inputs, prediction):
                mask = self._mask(given, answer)
                clean = _like(given, answer.pixels if self._whole else _mended(given, answer.pixels, mask))
                held = _Picture(
                    len(cases), plane, folder / _UNNAMED / f"clean-{len(table)}.png", folder / _UNNAMED / f"mask-{len(table)}.png"
                )
                write_image(held.clean, Image(self._hidden(clean.clamp(0, 1)), "0..1"), bits=_bits(given, clean))
                write_image(held.mask, Image(torch.from_numpy(mask)[None].float(), "0..1"))
                pictures.append(held)
                shares.append(share if (share := coloured(given)) > _COLOURED else 0.0)
                table.append(self._said(given, answer, shares[-1]))
            if share := max(shares):
                name = picture or sample.case.id
                warnings.warn(
                    f"{name}: {100 * share:.1f} % of its pixels are coloured (colour Doppler?): presence is not told", stacklevel=2
                )
            cases.append((sample.case.id, picture))
        self._warn(table)
        files = _named(pictures, names_of(cases), table, folder)
        columns = [*_COLUMNS, *dict.fromkeys(name for row in table for name in row if name not in _COLUMNS)]
        write_csv(folder / "annotations.csv", columns, table)
        return [*files, folder / "annotations.csv"]

    def _warn(self, table: Sequence[dict[str, object]]) -> None:
        """Say once how presence can be had where the run has not measured it."""
        if not any(_UNMEASURED in str(row["reason"]) for row in table):
            return
        told = any(name not in _COLUMNS for row in table for name in row)
        numbers = "--set sure=..." if told else "--set presence_threshold=... --set presence_pixels=..."
        how = f"a run of annotation/n2n-annotation-removal-pipeline measures it, or give {numbers}"
        warnings.warn(f"{_UNMEASURED}, so that `present` is empty in annotations.csv: {how}", stacklevel=3)

    def _mask(self, given: torch.Tensor, answer: Image) -> Mask:
        if isinstance(answer, Cleaned) and answer.marks is not None:
            found: Mask = (self._public(answer.marks) > 0).numpy()
            return found
        return self._left(given, answer, self._threshold)

    def _said(self, given: torch.Tensor, answer: Image, share: float) -> dict[str, object]:
        """The annotation, whether it is there, the score, and why that is not told of an image of which so much is coloured."""
        doubt = f"{100 * share:.1f} % of its pixels are coloured" if share else ""
        if isinstance(answer, Cleaned) and answer.scores is not None:
            scores = dict(zip(KINDS, answer.scores.tolist(), strict=True))
            doubt = doubt or (_UNMEASURED if self._sure is None else "")
            found = [] if doubt or self._sure is None else [kind for kind, score in scores.items() if score >= self._sure]
            sure = {f"{kind}-score": f"{score:.4f}" for kind, score in scores.items()}
            row = _row(" + ".join(found), bool(found), int(self._mask(given, answer).sum()), doubt)
            return {**row, **sure}
        score = int(self._left(given, answer, self._threshold if self._presence is None else self._presence).sum())
        doubt = doubt or (_UNMEASURED if self._presence is None or self._pixels is None else "")
        return _row(self._annotation, self._pixels is not None and score >= self._pixels, score, doubt)

    def _left(self, given: torch.Tensor, answer: Image, threshold: float) -> Mask:
        """The mask by subtraction without its specks."""
        return without_specks((self._public(changed(given, answer.pixels)) > threshold).numpy(), SPECK)

    def _public(self, values: torch.Tensor) -> torch.Tensor:
        """Values (H, W), with 0 in private rectangles: what a network takes off a name has the shape of its letters."""
        values = values.clone()
        for x0, y0, x1, y1 in self._private:
            values[y0:y1, x0:x1] = 0
        return values

    def _hidden(self, pixels: torch.Tensor) -> torch.Tensor:
        """The pixels with private rectangles in blocks of one value each, their mean."""
        pixels = pixels.clone()
        for x0, y0, x1, y1 in self._private:
            part = pixels[:, y0:y1, x0:x1]
            for top in range(0, part.shape[1], self._block):
                for left in range(0, part.shape[2], self._block):
                    block = part[:, top : top + self._block, left : left + self._block]
                    block[:] = block.mean(dim=(1, 2), keepdim=True)
        return pixels


def _row(annotation: str, present: bool, score: int, doubt: str) -> dict[str, object]:
    return {"annotation": annotation, "present": "" if doubt else "yes" if present else "no", "score": score, "reason": doubt}


def _named(pictures: Sequence[_Picture], names: Sequence[tuple[str, str]], table: Sequence[dict[str, object]], folder: Path) -> list[Path]:
    """Give the pictures their names, which are known when all cases are, and say them in the table; the clean images, then the masks."""
    clean, masks, taken = [], [], set()  # type: tuple[list[Path], list[Path], set[str]]
    for part in ("clean", "mask"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for picture, row in zip(pictures, table, strict=True):
        case, name = (f"{text}{picture.plane}" for text in names[picture.place])
        # A volume's plane may be called as another picture is.
        name = name if name not in taken else f"{name}-{len(taken)}"
        taken.add(name)
        row |= {"case": case, "clean": f"clean/{name}.png", "mask": f"mask/{name}.png"}
        clean.append(picture.clean.replace(folder / "clean" / f"{name}.png"))
        masks.append(picture.mask.replace(folder / "mask" / f"{name}.png"))
    if pictures:
        (folder / _UNNAMED).rmdir()
    return [*clean, *masks]


def _planes(given: Image, answer: Image) -> Iterator[tuple[str, torch.Tensor, Image]]:
    """Pictures with the answers to them, and what their names end in: the image, or each plane of a volume."""
    if given.pixels.ndim == 3:
        yield "", given.pixels, answer
        return
    for place in range(given.pixels.shape[1]):
        yield f"-{place + 1:04d}", given.pixels[:, place], Image(answer.pixels[:, place], answer.unit)


def _mended(given: torch.Tensor, answer: torch.Tensor, mask: Mask) -> torch.Tensor:
    """The pixels given, with those of the answer in the mask and a margin around it."""
    grown = ndimage.binary_dilation(mask, structure=np.ones((3, 3), dtype=bool), iterations=_MARGIN)
    return torch.where(torch.from_numpy(grown), answer, given)


def _like(given: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    """The clean image (C, H, W), with one channel, their mean, if those given are all alike."""
    return clean.mean(0, keepdim=True) if bool((given == given[:1]).all()) else clean


def _bits(given: torch.Tensor, clean: torch.Tensor) -> int:
    """16 for the clean image of a grey one with values that 8 bits do not hold."""
    fine = len(clean) == 1 and bool(((given * 255) - (given * 255).round()).abs().max() > _ROUNDING)
    return 16 if fine else 8
