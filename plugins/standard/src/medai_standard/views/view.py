"""What the views share: the source's cases, and a sample changed in the plane of its last two axes, answer and place alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors

from medai.errors import DataError
from medai.tasks import Boxes, Case, Image, Mask, Origin, Sample, View

Matrix = np.ndarray[Any, np.dtype[np.float64]]


class ImageView(View):
    """A view that changes samples of images and leaves cases as they are; a subclass offers `changed`."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The source's sample, changed.

        Raises:
            DataError: the source cannot read it, or what it holds is no image.
        """
        sample = self.source.read(case, rng)
        if not isinstance(sample.inputs, Image):
            raise DataError(f"case {case.id}: {type(self).__name__} takes images, not {type(sample.inputs).__name__}")
        return self.changed(sample, rng)

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample, changed; all that is drawn comes from `rng`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Move:
    """A change of place in the plane of the last two axes, the same for all that a sample holds.

    Attributes:
        image: pixels (..., H, W) as they become.
        labels: int64 (..., H, W) as they become.
        back: (3, 3), the row and column of a new pixel's centre to those in the old image, with 1 behind.
    """

    image: Callable[[torch.Tensor], torch.Tensor]
    labels: Callable[[torch.Tensor], torch.Tensor]
    back: Matrix

    @classmethod
    def of(cls, function: Callable[[Any], Any], back: Matrix) -> Move:
        """A function of torchvision's, which tells images from masks by their types."""
        return cls(
            image=lambda pixels: function(tv_tensors.Image(pixels)).as_subclass(torch.Tensor),
            labels=lambda labels: function(tv_tensors.Mask(labels)).as_subclass(torch.Tensor),
            back=back,
        )

    def boxes(self, boxes: torch.Tensor) -> torch.Tensor:
        """Boxes (N, 4), x0 y0 x1 y1, as the smallest upright ones around what they become; they may leave the new image."""
        forward = torch.from_numpy(np.linalg.inv(self.back)).to(boxes)
        x0, y0, x1, y1 = boxes.unbind(1)
        # The matrix is of pixels' centres, boxes are of their edges, half a pixel away.
        edges = torch.stack([torch.stack([y, x, torch.ones_like(x)], 1) for x in (x0, x1) for y in (y0, y1)])
        corners = edges - edges.new_tensor([0.5, 0.5, 0])
        rows, columns, _ = (corners @ forward.T + 0.5).unbind(2)
        return torch.stack([columns.amin(0), rows.amin(0), columns.amax(0), rows.amax(0)], 1)


def moved(sample: Sample[Image, Any], move: Move, least: float = 0.0) -> Sample[Image, Any]:
    """The sample with input, answer and place moved; classes and numbers stay.

    Boxes are cut to the new image; one of which less than `least` of the area is left is dropped.
    """
    inputs = _moved_image(sample.inputs, move)
    origin = _moved_origin(sample.origin, move.back, inputs.pixels.ndim - 1)
    return replace(sample, inputs=inputs, reference=_moved_answer(sample.reference, inputs, move, least), origin=origin)


def _moved_answer(answer: Any, inputs: Image, move: Move, least: float) -> Any:
    match answer:
        case Mask():
            return Mask(move.labels(answer.labels))
        case Boxes():
            return _cut(answer, move.boxes(answer.boxes), inputs, least)
        case Image():
            return _moved_image(answer, move)
    return answer


def _moved_image(image: Image, move: Move) -> Image:
    """An image moved; one that holds more on the same grid says itself what becomes of it, by `moved(pixels, labels, origin)`."""
    origin = _moved_origin(image.origin, move.back, image.pixels.ndim - 1)
    own = getattr(image, "moved", None)
    return Image(move.image(image.pixels), image.unit, origin) if own is None else own(move.image, move.labels, origin)


def _cut(old: Boxes, boxes: torch.Tensor, inputs: Image, least: float) -> Boxes:
    height, width = inputs.pixels.shape[-2:]
    limit = torch.tensor([width, height, width, height], dtype=boxes.dtype)
    inside = boxes.clamp(min=0).minimum(limit)
    area, whole = ((found[:, 2:] - found[:, :2]).clamp(min=0).prod(1) for found in (inside, boxes))
    kept = (area > 0) & (area >= least * whole)
    return Boxes(inside[kept], old.labels[kept], None if old.scores is None else old.scores[kept])


def _moved_origin(origin: Origin | None, back: Matrix, axes: int) -> Origin | None:
    """The place after a move of the last two of an image's spatial axes."""
    if origin is None:
        return None
    whole = np.eye(4)
    chosen = [axes - 2, axes - 1, 3]
    whole[np.ix_(chosen, chosen)] = back
    affine = None if origin.affine is None else origin.affine @ whole
    # How far apart new pixels are, in old pixels, along each of the two axes.
    steps = np.hypot(*(back[:2, :2] * np.array(origin.spacing[-2:])[:, None])) if len(origin.spacing) >= 2 else ()
    spacing = (*origin.spacing[:-2], *(float(step) for step in steps))
    return replace(origin, affine=affine, spacing=spacing, calibrations=())
