"""Boxes into a network's frame and back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from medai.errors import DataError
from medai.inference._frame import Frame
from medai.tasks import Boxes


class BoxFrame(Frame):
    """What networks that find boxes share: images framed, boxes with them, answers back in the image's own pixels.

    Without a size, images are padded at the bottom and on the right to a multiple of `multiple`, which leaves boxes where they are.
    """

    multiple = 1

    def framed(self, pixels: torch.Tensor) -> torch.Tensor:
        """The pixels as the network takes them, on its scale, float32 (B, C, h, w)."""
        frame = self.fitted(pixels)
        height, width = frame.shape[-2:]
        return F.pad(frame, (0, -width % self.multiple, 0, -height % self.multiple))

    def targets(self, references: Sequence[Boxes] | None, pixels: torch.Tensor, classes: int) -> list[Boxes]:
        """The references in the network's frame, without boxes that have no area, from which nothing can be learnt.

        Raises:
            DataError: there is no reference, or a class is none of the model's.
        """
        if references is None:
            raise DataError("the batch has no boxes to learn from")
        targets = []
        for reference in references:
            if len(reference) and int(reference.labels.max()) >= classes:
                raise DataError(f"a box is of class {int(reference.labels.max())}; the model was made with classes = {classes}")
            boxes = reference.boxes if self.size is None else self.fit_of(pixels).boxes(reference.boxes)
            kept = (boxes[:, 2:] > boxes[:, :2]).all(1)
            targets.append(Boxes(boxes[kept], reference.labels[kept]))
        return targets

    def answer(self, boxes: torch.Tensor, labels: torch.Tensor, scores: torch.Tensor, pixels: torch.Tensor) -> Boxes:
        """What the network found in its frame, as boxes in the image, cut at its borders."""
        if self.size is not None:
            inside = self.fit_of(pixels).restore_boxes(boxes.float())
        else:
            # Tensors, which stay open where the sizes of a graph are.
            height, width = (torch.full((), side, device=boxes.device) for side in pixels.shape[-2:])
            inside = torch.minimum(boxes.float().clamp_min(0), torch.stack([width, height, width, height]))
        # What lay in the padding alone is nothing.
        kept = (inside[:, 2:] > inside[:, :2]).all(1)
        return Boxes(inside[kept], labels[kept].long(), scores[kept].float())
