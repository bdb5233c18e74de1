"""Four images in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from medai.errors import DataError, UsageError
from medai.tasks import Boxes, Dataset, Image, Mask, Sample
from medai_standard.views.view import ImageView, Matrix, Move, moved

_LEAST = 0.3
"""Part of a box's area that must be left for the box to count."""
_DRAWS = 20
"""Partners that are tried before the image itself stands in for one."""

Place = tuple[int, int, int, int]
"""Top, left, height and width of a part."""


class Mosaic(ImageView):
    """A view for training, in `train.views` alone, where its source has no other cases: four images, joined about a random point
    (Mosaic of Bochkovskiy et al. 2020, arXiv:2004.10934), with what is sought in each of them.

    One is the case's own, the others are drawn; which lies where is drawn too. Each fills its part with as much of itself as has the
    part's proportions, the cut drawn. A box of which less than 30 % is left is dropped; masks and answers that are images follow too.
    The place in the patient is that of the case's own part. An image that is not made into a mosaic stays as it is: put
    `standard/letterbox` on top. A partner that cannot be read, or has no answer where the case has one, is replaced by another.

    Args:
        source: images in two dimensions, of one number of channels and one unit, with boxes, masks or images as answers.
        size: pixels along each side, or the height and the width.
        probability: how often there is a mosaic, from 0 to 1.
        margin: the least part of a side that an image fills, up to 0.5.
    """

    def __init__(
        self, source: Dataset[Image, Any], size: int | tuple[int, int] = 320, probability: float = 1.0, margin: float = 0.25
    ) -> None:
        self.size = (size, size) if isinstance(size, int) else size
        if min(self.size) < 2:
            raise UsageError("size is at least 2")
        if not 0 <= probability <= 1:
            raise UsageError("probability is a part of 1")
        if not 0 < margin <= 0.5:
            raise UsageError("margin is more than 0 and at most 0.5")
        super().__init__(source)
        self.probability, self.margin = probability, margin
        self._cases = source.cases()

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The mosaic, or the sample as it is.

        Raises:
            DataError: the images do not fit together, or the answer is of a whole image, such as a class.
        """
        if rng.random() >= self.probability:
            return sample
        _check_plane(sample)
        if not isinstance(sample.reference, Boxes | Mask | Image | None):
            raise DataError(f"case {sample.case.id}: Mosaic joins boxes, masks and images, not {type(sample.reference).__name__}")
        own, *others = (self._placed(each, place, rng) for each, place in zip(self._four(sample, rng), self._places(rng), strict=True))
        return replace(own, inputs=_sum(own.inputs, *(other.inputs for other in others)), reference=_joined([own, *others]))

    def _places(self, rng: np.random.Generator) -> list[Place]:
        """The four parts of the picture, in an order that is drawn."""
        height, width = self.size
        row, column = (_between(side, self.margin, rng) for side in self.size)
        rows, columns = ((0, row), (row, height - row)), ((0, column), (column, width - column))
        parts = [(top, left, tall, wide) for top, tall in rows for left, wide in columns]
        return [parts[number] for number in rng.permutation(4)]

    def _four(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Iterator[Sample[Image, Any]]:
        yield sample
        for _ in range(3):
            yield self._partner(sample, rng)

    def _partner(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        for _ in range(_DRAWS):
            case = self._cases[int(rng.integers(len(self._cases)))]
            try:
                found = self.source.read(case, rng)
            except DataError:
                continue  # its own turn says so
            if type(found.reference) is not type(sample.reference):
                continue
            _check_alike(sample, found)
            return found
        return sample

    def _placed(self, sample: Sample[Image, Any], place: Place, rng: np.random.Generator) -> Sample[Image, Any]:
        """A cut of the sample at its place in a picture that is otherwise 0."""
        height, width = place[2:]
        rows, columns = sample.inputs.pixels.shape[-2:]
        # As large as the part's proportions allow; to whole pixels, so the scale may differ a little between the axes.
        scale = max(height / rows, width / columns)
        tall, wide = (min(whole, max(1, round(part / scale))) for whole, part in ((rows, height), (columns, width)))
        cut = int(rng.integers(rows - tall + 1)), int(rng.integers(columns - wide + 1)), tall, wide
        part = moved(sample, _cut_to(cut, (height, width)), least=_LEAST)
        return moved(part, _put(place, self.size))


def _between(side: int, margin: float, rng: np.random.Generator) -> int:
    """Where two parts of a side meet."""
    least = min(max(1, round(margin * side)), side // 2)
    return int(rng.integers(least, side - least + 1))


def _cut_to(cut: Place, size: tuple[int, int]) -> Move:
    """A cut in another size."""
    top, left, tall, wide = cut
    down, across = size[0] / tall, size[1] / wide

    def image(pixels: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(pixels[None, ..., top : top + tall, left : left + wide], size, mode="bilinear", antialias=True)[0]

    def labels(labels: torch.Tensor) -> torch.Tensor:
        for axis, (new, start, old) in enumerate(((size[0], top, tall), (size[1], left, wide)), start=-2):
            # The centre of each new pixel lies in one old pixel, to be found in whole numbers.
            labels = labels.index_select(axis, start + (2 * torch.arange(new) + 1) * old // (2 * new))
        return labels

    # From centre to centre: half a pixel further on, scaled, half a pixel back.
    back = np.array([[1 / down, 0, top + 0.5 / down - 0.5], [0, 1 / across, left + 0.5 / across - 0.5], [0, 0, 1]])
    return Move(image, labels, back)


def _put(place: Place, size: tuple[int, int]) -> Move:
    """A part at its place in a picture of that size."""
    top, left, height, width = place

    def put(pixels: torch.Tensor) -> torch.Tensor:
        return functional.pad(pixels, (left, size[1] - left - width, top, size[0] - top - height))

    back: Matrix = np.array([[1.0, 0, -top], [0, 1, -left], [0, 0, 1]])
    return Move(put, put, back)


def _check_plane(sample: Sample[Image, Any]) -> None:
    if sample.inputs.pixels.ndim != 3:
        raise DataError(f"case {sample.case.id}: Mosaic takes images in two dimensions, not {tuple(sample.inputs.pixels.shape)}")


def _check_alike(sample: Sample[Image, Any], other: Sample[Image, Any]) -> None:
    """Refuse what cannot stand in one picture."""
    _check_plane(other)
    for name, first, second in (
        ("channels", len(sample.inputs.pixels), len(other.inputs.pixels)),
        ("unit", sample.inputs.unit, other.inputs.unit),
    ):
        if first != second:
            told = f"case {sample.case.id} has {name} {first}, case {other.case.id} {second}"
            raise DataError(f"{told}: Mosaic joins images of one kind; put standard/channels below it where some are grey")


def _sum(image: Image, *others: Image) -> Image:
    # Parts do not overlap, and are 0 elsewhere.
    return replace(image, pixels=torch.stack([image.pixels, *(other.pixels for other in others)]).sum(0))


def _joined(parts: list[Sample[Image, Any]]) -> Any:
    """The answers of the parts as one."""
    answers: list[Any] = [part.reference for part in parts]
    match answers[0]:
        case Boxes():
            return Boxes(torch.cat([each.boxes for each in answers]), torch.cat([each.labels for each in answers]))
        case Mask():
            return Mask(torch.stack([each.labels for each in answers]).sum(0))
        case Image():
            return _sum(*answers)
    return None
