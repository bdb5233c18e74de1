"""What stands around a network: its input's scale and size, so that images go in as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from medai.errors import DataError, UsageError
from medai.inference._fit import Fit
from medai.tasks import Feed, Image

Size = tuple[int, int]
"""Height and width in pixels."""

Window = tuple[float, float]
"""Lowest and highest value, in the image's unit."""

Statistics = tuple[Sequence[float], Sequence[float]]
"""Mean and deviation of pictures in 0..1, by channel; one value stands for all channels."""

IMAGENET: Statistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation, by channel, of the pictures that most published weights were learnt on, in 0..1."""

PLAIN: Statistics = ((0.5,), (0.25,))
"""For a network that learns from the start: 0..1 becomes -2..2."""


class Frame(nn.Module):
    """Images in physical units, float32 (B, C, H, W), on the scale and at the size that a network wants.

    Attributes:
        channels: of the images: 1 grey, 3 colour.
        window: lowest and highest value that the network tells apart, mapped to 0..1 and clamped (of CT, in HU); None: the images are
            in 0..1.
        size: height and width at which the network looks at an image, fitted in with its proportions kept; None: the image's own.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, channels: int, window: Window | None, size: Size | None, statistics: Statistics) -> None:
        super().__init__()
        if channels < 1:
            raise UsageError(f"channels = {channels}: not 1 or more")
        if window is not None and not window[0] < window[1]:
            raise UsageError(f"window = {window}: the lowest value comes first")
        if size is not None and min(size) < 1:
            raise UsageError(f"size = {size}: not a height and a width")
        self.channels, self.window, self.size = channels, window, size
        for name, values in zip(("mean", "deviation"), statistics, strict=True):
            # Grey, or channels that are no colours, get the mean over the colours.
            own = values if len(values) == channels else [sum(values) / len(values)] * channels
            # Saved: they belong to the weights, and a finished run is opened without those that it started from.
            self.register_buffer(name, torch.tensor(own, dtype=torch.float32)[:, None, None])

    def prepare(self, train: Feed[Any, Any]) -> None:
        """Look at the first training image.

        Raises:
            UsageError: it is in HU, and no window was given: the network would see values a thousand times too large.
        """
        first = next(iter(train.samples()), None)
        if self.window is None and first is not None and isinstance(first.inputs, Image) and first.inputs.unit == "HU":
            raise UsageError(
                f"{type(self).__name__}: the images are in HU; give the model a window, such as --set 'model.window=[-160, 240]'"
            )

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        """The pixels on the network's scale, float32 whatever autocast says.

        Raises:
            DataError: they are no images of this many channels.
        """
        if pixels.ndim != 4:
            what = "a volume" if pixels.ndim == 5 else "no image"
            raise DataError(
                f"the input (batch first) is {tuple(pixels.shape)}, {what}; {type(self).__name__} takes images in two dimensions"
            )
        if pixels.shape[1] != self.channels:
            raise DataError(f"the images have {pixels.shape[1]} channels; the model was made with channels = {self.channels}")
        unit = pixels.float()
        if self.window is not None:
            low, high = self.window
            unit = ((unit - low) / (high - low)).clamp(0, 1)
        return (unit - self.mean) / self.deviation

    def fitted(self, pixels: torch.Tensor) -> torch.Tensor:
        """The pixels on the network's scale and at its size."""
        scaled = self.scaled(pixels)
        fitted: torch.Tensor = scaled if self.size is None else self.fit_of(pixels).image(scaled)
        return fitted

    def fit_of(self, pixels: torch.Tensor) -> Fit:
        """How images of this size lie in the network's."""
        assert self.size is not None
        height, width = pixels.shape[-2:]
        return Fit.of((height, width), self.size)


def steady(network: nn.Module) -> nn.Module:
    """The network, so changed that it can learn from a batch of one.

    Batch norm has no variance over a single value per channel, as behind global pooling, and torch refuses; there it uses its running
    statistics for once. Without this, an epoch's last batch, if it holds one image, would end the run.
    """
    for part in network.modules():
        if isinstance(part, _BatchNorm):
            part.register_forward_pre_hook(_rest)
            part.register_forward_hook(_resume, always_call=True)
    return network


def _rest(part: Any, given: tuple[torch.Tensor, ...]) -> None:
    if part.training and given[0].numel() == given[0].shape[1]:
        part.training, part.rests = False, True


def _resume(part: Any, given: Any, found: Any) -> None:
    if getattr(part, "rests", False):
        part.training, part.rests = True, False
