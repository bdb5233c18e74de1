"""An image with what was drawn on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch

from medai.tasks import Image, Origin

Change = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Annotated(Image):
    """An image of which it is known what was drawn on it; for all that does not ask, an image like others.

    Attributes:
        clean: float32, as `pixels`: the image without the annotation; None where it is not known.
        marks: int64 (H, W): of each pixel, which annotation was drawn there, 1 for the first of `medai_annotation.kinds.KINDS`, 0 for
            none; stacked, with a batch axis in front; None where it is not known.
    """

    clean: torch.Tensor | None = None
    marks: torch.Tensor | None = None

    @classmethod
    def stack(cls, items: Sequence[Self]) -> Self:
        """Images of one shape and unit, with a batch axis in front; what one of them does not know, the stack does not."""
        stacked = super().stack(items)
        clean = [item.clean for item in items if item.clean is not None]
        marks = [item.marks for item in items if item.marks is not None]
        return replace(
            stacked,
            clean=torch.stack(clean) if len(clean) == len(items) else None,
            marks=torch.stack(marks) if len(marks) == len(items) else None,
        )

    def moved(self, pixels: Change, labels: Change, origin: Origin | None) -> Self:
        """The image after a change of place, of which `pixels` does that to pixels and `labels` to classes: a view's, such as a crop."""
        return replace(
            self,
            pixels=pixels(self.pixels),
            origin=origin,
            clean=None if self.clean is None else pixels(self.clean),
            marks=None if self.marks is None else labels(self.marks),
        )

    def to(self, device: torch.device | str) -> Self:
        """The image on `device`."""
        moved = super().to(device)
        clean, marks = (None if held is None else held.to(device, non_blocking=True) for held in (self.clean, self.marks))
        return replace(moved, clean=clean, marks=marks)
