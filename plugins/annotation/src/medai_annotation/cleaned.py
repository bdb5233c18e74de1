"""An image without what was drawn on it, and what that was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch

from medai.tasks import Image
from medai_annotation.kinds import KINDS, Kind


@dataclass(frozen=True)
class Cleaned(Image):
    """A predicted image whose network also says what was drawn on it; for all that does not ask, an image like others.

    Attributes:
        marks: int64 (H, W) or (D, H, W): of each pixel, which annotation was found there, 1 for the first of
            `medai_annotation.kinds.KINDS`, 0 for none; stacked, with a batch axis in front; None where it is not known.
        scores: float32 (kinds,), 0..1: how sure it is that each of `KINDS` is in the image; stacked, (B, kinds); None where `marks` is.
    """

    marks: torch.Tensor | None = None
    scores: torch.Tensor | None = None

    @property
    def counts(self) -> dict[Kind, int]:
        """How many pixels each kind of annotation covers; empty where it is not known."""
        return {} if self.marks is None else {kind: int((self.marks == number).sum()) for number, kind in enumerate(KINDS, start=1)}

    @classmethod
    def stack(cls, items: Sequence[Self]) -> Self:
        """Images of one shape and unit, with a batch axis in front; what one of them does not know, the stack does not."""
        stacked = super().stack(items)
        marks = [item.marks for item in items if item.marks is not None]
        scores = [item.scores for item in items if item.scores is not None]
        return replace(
            stacked,
            marks=torch.stack(marks) if len(marks) == len(items) else None,
            scores=torch.stack(scores) if len(scores) == len(items) else None,
        )

    def to(self, device: torch.device | str) -> Self:
        """The image on `device`."""
        moved = super().to(device)
        marks, scores = (None if held is None else held.to(device, non_blocking=True) for held in (self.marks, self.scores))
        return replace(moved, marks=marks, scores=scores)
