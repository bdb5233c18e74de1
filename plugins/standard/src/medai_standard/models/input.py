"""The input itself."""

from __future__ import annotations

from typing import Any

from medai.tasks import Batch, Image


class Input:
    """Answers every image with itself: what a method that restores images must beat."""

    def predict(self, batch: Batch[Image, Any]) -> list[Image]:
        """The batch's images, on the CPU."""
        return [Image(pixels.cpu(), batch.inputs.unit) for pixels in batch.inputs.pixels]
