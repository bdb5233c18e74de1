"""A baseline that learns nothing."""

from __future__ import annotations

import numpy as np
import torch
from medai.tasks import Batch, Image, Mask

_BINS = 256


class Otsu:
    """Otsu's threshold of each picture: brighter than it is tissue, 1. It has `predict` alone, so there is nothing to train."""

    def predict(self, batch: Batch[Image, Mask]) -> list[Mask]:
        """A mask per case; of several channels the mean counts."""
        grey = batch.inputs.pixels.detach().cpu().mean(1)
        return [Mask((picture > threshold(picture)).long()) for picture in grey]


def threshold(picture: torch.Tensor) -> float:
    """The value that parts the grey values in two classes with the largest variance between them; of a flat picture, its value."""
    counts, edges = np.histogram(picture.numpy(), bins=_BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    share, mean = np.cumsum(counts) / counts.sum(), np.cumsum(counts * middles) / counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.nan_to_num((mean[-1] * share - mean) ** 2 / (share * (1 - share)))
    return float(edges[int(between.argmax()) + 1]) if between.any() else float(picture.max())
