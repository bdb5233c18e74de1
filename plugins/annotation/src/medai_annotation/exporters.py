"""What a department gets of its archive: images without the annotation, masks, and a table that says which image bears one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage

from medai.errors import DataError, UsageError
from medai.io import write_csv, write_image
from medai.tasks import Image, Sample
from medai_annotation.cleaned import Cleaned
from medai_annotation.kinds import KINDS
from medai_annotation.masks import Mask, changed, without_specks
from medai_annotation.metrics.kinds import DEFAULT_SURE
from medai_annotation.metrics.presence import DEFAULT_PIXELS, SPECK
from medai_annotation.metrics.thresholds import DEFAULT, require_threshold

Box = tuple[int, int, int, int]

_COLUMNS = ("case", "annotation", "present", "score", "clean", "mask")
_MARGIN = 2
"""Pixels by which a mask is grown before what lies under it is replaced: the soft edges of lines are below its threshold."""


class CleanedImages:
    """`clean/CASE.png`, `mask/CASE.png` (white where the annotation was) and `annotations.csv`, a row for each image: the annotation,
    whether it is there (`yes` or `no`), and the score, which is the number of white pixels left in the mask; of a model that tells the
    kinds apart, the kinds that it found, and how sure it is of each (`body-marker-score` ...). Of a volume, each plane is an image
    `CASE-0001`.

    Outside the mask the clean image keeps the pixels that were given, and one of a grey image is grey.

    Args:
        threshold: difference of input and answer, in 0..1, from which on a pixel belongs to the mask. By default what the run chose on its
            validation cases, as are the following two.
        presence_threshold: the same, for the score.
        presence_pixels: score from which on the annotation is there.
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
        presence_threshold: float = DEFAULT,
        presence_pixels: int = DEFAULT_PIXELS,
        annotation: str = "annotation",
        private: tuple[Box, ...] = (),
        block: int = 16,
        whole: bool = False,
        sure: float = DEFAULT_SURE,
    ) -> None:
        for box in private:
            if not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
                raise UsageError(f"private = {list(box)}: x0, y0, x1, y1 are wanted, x0 below x1 and y0 below y1, none below 0")
        if block < 2:
            raise UsageError(f"block = {block}: 2 pixels or more, or nothing would be hidden")
        for option, value in (("threshold", threshold), ("presence_threshold", presence_threshold)):
            require_threshold(option, value)
        if not 0 < sure < 1:
            raise UsageError(f"sure = {sure}: a score between 0 and 1 is wanted")
        if presence_pixels < 1:
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
        names, table, files = _Names(), [], []  # type: tuple[_Names, list[dict[str, object]], list[tuple[Path, Path]]]
        for sample, prediction in rows:
            self.check(sample, prediction)
            for case, given, answer in _planes(sample.case.id, sample.inputs, prediction):
                name = names.of(case)
                mask = self._mask(given, answer)
                clean = _like(given, answer.pixels if self._whole else _mended(given, answer.pixels, mask))
                written = folder / "clean" / f"{name}.png", folder / "mask" / f"{name}.png"
                write_image(written[0], Image(self._hidden(clean.clamp(0, 1)), "0..1"))
                write_image(written[1], Image(torch.from_numpy(mask)[None].float(), "0..1"))
                files.append(written)
                table.append({"case": case, **self._said(given, answer), "clean": f"clean/{name}.png", "mask": f"mask/{name}.png"})
        columns = [*_COLUMNS, *dict.fromkeys(name for row in table for name in row if name not in _COLUMNS)]
        write_csv(folder / "annotations.csv", columns, table)
        return [*(clean for clean, _ in files), *(mask for _, mask in files), folder / "annotations.csv"]

    def _mask(self, given: torch.Tensor, answer: Image) -> Mask:
        if isinstance(answer, Cleaned) and answer.marks is not None:
            found: Mask = (self._public(answer.marks) > 0).numpy()
            return found
        return self._left(given, answer, self._threshold)

    def _said(self, given: torch.Tensor, answer: Image) -> dict[str, object]:
        """The annotation, whether it is there, and the score."""
        if isinstance(answer, Cleaned) and answer.scores is not None:
            scores = dict(zip(KINDS, answer.scores.tolist(), strict=True))
            found = [kind for kind, score in scores.items() if score >= self._sure]
            sure = {f"{kind}-score": f"{score:.4f}" for kind, score in scores.items()}
            return {"annotation": " + ".join(found), "present": _word(bool(found)), "score": int(self._mask(given, answer).sum()), **sure}
        score = int(self._left(given, answer, self._presence).sum())
        return {"annotation": self._annotation, "present": _word(score >= self._pixels), "score": score}

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


class _Names:
    """A name for each case, from its id, which may hold any character; ids that become alike are told apart by their place."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, case: str) -> str:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", case).strip("-") or "case"
        name = name if name not in self._taken else f"{name}-{len(self._taken)}"
        self._taken.add(name)
        return name


def _planes(case: str, given: Image, answer: Image) -> Iterator[tuple[str, torch.Tensor, Image]]:
    """Pictures with the answers to them: the image, or each plane of a volume."""
    if given.pixels.ndim == 3:
        yield case, given.pixels, answer
        return
    for place in range(given.pixels.shape[1]):
        yield f"{case}-{place + 1:04d}", given.pixels[:, place], Image(answer.pixels[:, place], answer.unit)


def _mended(given: torch.Tensor, answer: torch.Tensor, mask: Mask) -> torch.Tensor:
    """The pixels given, with those of the answer in the mask and a margin around it."""
    grown = ndimage.binary_dilation(mask, structure=np.ones((3, 3), dtype=bool), iterations=_MARGIN)
    return torch.where(torch.from_numpy(grown), answer, given)


def _like(given: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    """The clean image (C, H, W), with one channel, their mean, if those given are all alike."""
    return clean.mean(0, keepdim=True) if bool((given == given[:1]).all()) else clean


def _word(present: bool) -> str:
    return "yes" if present else "no"
