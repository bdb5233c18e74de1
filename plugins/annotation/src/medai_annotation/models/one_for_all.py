"""One set of weights for all annotations, which also says which of them an image bears."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Image
from medai_annotation.annotated import Annotated
from medai_annotation.cleaned import Cleaned
from medai_annotation.kinds import KINDS
from medai_annotation.models.costumed_unet import CostumedUNet
from medai_annotation.models.remover import Normalisation

_SUREST = 16  # pixels that a kind's score is of
_RARE = 8.0
"""What an annotated pixel counts in the cross-entropy: they are few, and alike, a marker is learnt as background for long."""


class OneForAll(CostumedUNet):
    """The study's U-Net with a second head, which names each pixel's annotation or none, so that one training serves all kinds.

    Beyond the study, which trains a network for each annotation. The loss is that of the recipe on the image (without one, L1), and the
    weighted cross-entropy on what was drawn, `Annotated.marks`, in which annotated pixels count eight times. It predicts `Cleaned` images;
    called as a module, or exported, it gives the image alone.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        kinds_weight: of the cross-entropy, beside the image's loss.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", kinds_weight: float = 0.1) -> None:
        super().__init__(channels, normalisation)
        if not kinds_weight > 0:
            raise UsageError(f"kinds_weight = {kinds_weight}: not above 0, without which the kinds are not learnt")
        self.kinds_weight = kinds_weight
        self.kinds = nn.Conv2d(self.last.in_channels, len(KINDS) + 1, 3, padding=1)
        nn.init.kaiming_normal_(self.kinds.weight)
        nn.init.zeros_(self.kinds.bias)  # type: ignore[arg-type]  # it has one

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        features = self.features(scaled)
        return torch.cat([self.image_of(features), self.kinds(features)], 1)

    def training_step(self, batch: Batch[Image, Image], loss: Callable[..., Any] | None, turn: str) -> dict[str, torch.Tensor]:
        """The image's loss, and the weighted cross-entropy on the kinds.

        Raises:
            DataError: the batch has no reference, or its images do not say what was drawn on them.
        """
        if batch.reference is None:
            raise DataError(f"case {batch.cases[0].id} has no reference to learn from")
        marks = batch.inputs.marks if isinstance(batch.inputs, Annotated) else None
        if marks is None:
            raise DataError(f"case {batch.cases[0].id} does not say what was drawn on it: train over a view such as annotation/all-kinds")
        images, logits = self._split(batch.inputs.pixels)
        found = (loss or functional.l1_loss)(images, batch.reference.pixels)
        losses = dict(found) if isinstance(found, Mapping) else {"loss": found}
        counts = logits.new_tensor([1.0, *[_RARE] * len(KINDS)])
        return losses | {"kinds": self.kinds_weight * functional.cross_entropy(logits, marks, counts)}

    def predict(self, batch: Batch[Image, Image]) -> list[Image]:
        """One `Cleaned` image per case.

        The score of a kind is the mean of its 16 highest probabilities: a speck does not decide, and a thin line counts as a blot does.
        """
        images, logits = self._split(batch.inputs.pixels)
        chances = logits.softmax(1)
        marks, scores = chances.argmax(1).cpu(), _highest(chances[:, 1:]).cpu()
        unit = (batch.reference or batch.inputs).unit
        return [Cleaned(image, unit, marks=drawn, scores=sure) for image, drawn, sure in zip(images.cpu(), marks, scores, strict=True)]

    def _split(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The images, and the logits (B, kinds + 1, ...) behind them."""
        found = self.everything(pixels)
        return found[:, : pixels.shape[1]], found[:, pixels.shape[1] :]


def _highest(chances: torch.Tensor) -> torch.Tensor:
    """(B, kinds) of (B, kinds, H, W) or (B, kinds, D, H, W)."""
    flat = chances.flatten(2)
    return flat.topk(min(_SUREST, flat.shape[2])).values.mean(2)
