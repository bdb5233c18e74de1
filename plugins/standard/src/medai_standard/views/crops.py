"""Parts of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from medai.errors import DataError, UsageError
from medai.tasks import Case, Dataset, Image, Sample
from medai_standard.views.view import ImageView, Move, moved

_LEAST = 0.3
"""Part of a box's area that must be left in a crop for the box to count."""


class Crops(ImageView):
    """A view for training: a random part of each image, a rectangle that keeps from `share` up to all of each side.

    Sizes then differ: put `standard/letterbox` on top. A box of which less than 30 % is left is dropped.

    Args:
        source: images or volumes (cut in every plane alike), with any answer.
        share: the least part of a side that is kept.
    """

    def __init__(self, source: Dataset[Image, Any], share: float = 0.7) -> None:
        if not 0 < share <= 1:
            raise UsageError("share is more than 0 and at most 1")
        super().__init__(source)
        self.share = share

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The part."""
        size = sample.inputs.pixels.shape[-2:]
        height, width = (max(1, round(length * float(rng.uniform(self.share, 1)))) for length in size)
        return _part(sample, height, width, rng)


class Patches(ImageView):
    """A view for training: `per_case` random patches of `size` x `size` pixels of each image, at its own resolution.

    Places are drawn anew in each epoch. A patch's case is called `<id>#<number>` and stays in its image's group.

    Args:
        source: images or volumes (cut in every plane alike), with any answer; wrap it in `medai/cached` where reading costs much, for an
            image is read once for each patch.
        size: pixels along each side.
        per_case: patches of each image in an epoch.
        fill: value of what a patch has beyond an image that is smaller than it, below and to the right; a mask has class 0 there.
            None: such an image is refused.
    """

    def __init__(self, source: Dataset[Image, Any], size: int = 128, per_case: int = 4, fill: float | None = None) -> None:
        if size < 1 or per_case < 1:
            raise UsageError("size and per_case are at least 1")
        super().__init__(source)
        self.size, self.per_case, self.fill = size, per_case, fill
        self._whole = {case.id: case for case in source.cases()}

    def cases(self) -> Sequence[Case]:
        """`per_case` cases for each of the source's."""
        return [
            replace(case, id=f"{case.id}#{number}", whole=case.whole or case.id)
            for case in self._whole.values()
            for number in range(self.per_case)
        ]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """One patch.

        Raises:
            DataError: the image cannot be read, or is smaller than a patch and there is no `fill`.
        """
        whole = super().read(self._whole[case.id.rpartition("#")[0]], rng)
        return replace(whole, case=replace(whole.case, id=case.id, whole=case.whole))

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """A patch of the sample."""
        height, width = sample.inputs.pixels.shape[-2:]
        if self.fill is None and min(height, width) < self.size:
            raise DataError(f"an image of {height} x {width} has no patch of {self.size} x {self.size}")
        return _part(sample, self.size, self.size, rng, self.fill or 0.0)


def _part(sample: Sample[Image, Any], height: int, width: int, rng: np.random.Generator, fill: float = 0.0) -> Sample[Image, Any]:
    """A part of a sample, its place drawn; what it has beyond the sample is `fill`."""
    rows, columns = sample.inputs.pixels.shape[-2:]
    top, left = int(rng.integers(max(rows - height, 0) + 1)), int(rng.integers(max(columns - width, 0) + 1))
    beyond = (0, max(width - columns, 0), 0, max(height - rows, 0))

    def cut(pixels: torch.Tensor, value: float = 0.0) -> torch.Tensor:
        # A copy, so that a part kept for later does not keep its image.
        part = pixels[..., top : top + height, left : left + width].clone()
        return functional.pad(part, beyond, value=value) if any(beyond) else part

    back = np.array([[1.0, 0, top], [0, 1, left], [0, 0, 1]])
    return moved(sample, Move(lambda pixels: cut(pixels, fill), cut, back), least=_LEAST)
