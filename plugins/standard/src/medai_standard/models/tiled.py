"""Any network of maps, asked tile by tile."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from medai.errors import PluginError, UsageError
from medai.inference import flipped, tiled

_AXES = {"horizontal": -1, "vertical": -2, "depth": -3}
_OF_TRAINING = ("training_step", "turns", "parameters_for", "prepare")


class Tiled(nn.Module):
    """A model that trains as the one within it does, on whatever its batches hold, and answers large images in tiles that overlap.

    The model within is a module that answers with maps on the input's grid: images, or logits of each pixel, which are what is averaged.
    Images and volumes in physical units, float32 (B, C, H, W) or (B, C, D, H, W), to maps (B, K, H, W) or (B, K, D, H, W).

    Args:
        model: the model within, `{use = "plugin/name", ...}`.
        tile: pixels of a tile along each axis, or one number for all; what it was trained on, say.
        overlap, weighting, margin, multiple, batch, gigabytes: as in `medai.inference.tiled`.
        flips: `horizontal`, `vertical`, `depth`: each tile is asked about in all combinations of these, and the mean is the answer. Where
            left and right differ, as they do in a patient, do not flip them.

    Raises:
        PluginError: the model within is no plain module.
        UsageError: a flip is unknown.
    """

    def __init__(
        self,
        model: nn.Module,
        tile: int | tuple[int, ...] = 256,
        overlap: float = 0.25,
        weighting: str = "gaussian",
        margin: int = 0,
        multiple: int = 1,
        batch: int = 1,
        gigabytes: float | None = None,
        flips: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        if not isinstance(model, nn.Module) or hasattr(model, "fit") or hasattr(model, "predict"):
            raise PluginError(f"{type(model).__name__} does not answer with maps by its forward, so it cannot be asked in tiles")
        if unknown := [name for name in flips if name not in _AXES]:
            raise UsageError(f"flips: {unknown[0]!r} is none of {', '.join(_AXES)}")
        self.network = model
        self.flips = [_AXES[name] for name in flips]
        self.options: dict[str, Any] = {
            "tile": tile, "overlap": overlap, "weighting": weighting, "margin": margin, "multiple": multiple, "batch": batch,
            "gigabytes": gigabytes,
        }  # fmt: skip

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.training:
            answer: torch.Tensor = self.network(pixels)
            return answer
        return tiled(self._of_tile, pixels, **self.options)

    def _of_tile(self, tile: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = flipped(self.network, tile, self.flips) if self.flips else self.network(tile)
        return answer

    def __getattr__(self, name: str) -> Any:
        # How it learns is the inner model's affair: what that offers is offered, and what it lacks is not there.
        return getattr(super().__getattr__("network"), name) if name in _OF_TRAINING else super().__getattr__(name)
