"""What stands around every network of this plugin: the normalisation, the grid, and that the answer is an image."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, Literal

import torch

from medai.errors import DataError, UsageError
from medai.inference import Frame, padded
from medai.tasks import Feed, Image

Normalisation = Literal["linear", "smn"]
"""`linear`: 0..1 as it is. `smn`: less the mean, divided by the standard deviation of the training images, per channel."""


class Remover(Frame, abc.ABC):
    """A network whose answer is the image itself: an image with an annotation to the image without it.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same; a volume (B, C, D, H, W) slice by slice. A grey image, where the network
    takes colours, is repeated over its channels, and answered with their mean. Sides that are no multiple of `multiple` are mirrored up
    to it inside.

    Args:
        channels: of the images.
        normalisation: of what goes in; taken back from the answer, both in float32.
        multiple: of pixels that the sides must be for the network; 1: any.

    Raises:
        UsageError: in training, the images are in HU.
        DataError: there are neither this many channels nor one; for `smn`, the training images hold one value only.
    """

    def __init__(self, channels: int, normalisation: Normalisation, multiple: int = 1) -> None:
        super().__init__(channels, None, None, ((0.0,), (1.0,)))
        if normalisation not in ("linear", "smn"):
            raise UsageError(f"normalisation = {normalisation!r}: linear or smn")
        self.normalisation, self.multiple = normalisation, multiple

    @abc.abstractmethod
    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        """The image (B, C, H, W) on the network's scale, and further maps behind it, if it gives any, for images on that scale."""

    def prepare(self, train: Feed[Any, Any]) -> None:
        """Take mean and standard deviation from the training images, if the normalisation wants them."""
        first = next(iter(train.samples()), None)
        if first is not None and isinstance(first.inputs, Image) and first.inputs.unit == "HU":
            raise UsageError(f"{type(self).__name__}: the images are in HU; it takes such in 0..1, as ultrasound is read")
        if self.normalisation == "smn":
            self.mean, self.deviation = self._statistics(train)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.everything(pixels)[:, : pixels.shape[1]]

    def everything(self, pixels: torch.Tensor) -> torch.Tensor:
        """The image in 0..1, with the channels given, and behind it what other maps the network gives."""
        if pixels.ndim == 5:
            return by_slices(self.everything, pixels)
        found = padded(self._laid_out, self.scaled(self._coloured(pixels)), self.multiple).float()
        image = found[:, : self.channels] * self.deviation + self.mean
        if pixels.shape[1] < self.channels:
            image = image.mean(1, keepdim=True)
        return image if found.shape[1] == self.channels else torch.cat([image, found[:, self.channels :]], 1)

    def _laid_out(self, scaled: torch.Tensor) -> torch.Tensor:
        # With channels last in memory, oneDNN copies nothing between layers: a quarter of the time that the study's U-Net takes to answer.
        return self.maps(scaled.contiguous(memory_format=torch.channels_last) if scaled.device.type == "cpu" else scaled)

    def _coloured(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.expand(-1, self.channels, -1, -1) if pixels.ndim == 4 and pixels.shape[1] == 1 else pixels

    def _statistics(self, train: Feed[Any, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation over all pixels of the training images, each (C, 1, 1)."""
        count, total, squares = 0, torch.zeros(self.channels, dtype=torch.float64), torch.zeros(self.channels, dtype=torch.float64)
        for sample in train.samples():
            values = sample.inputs.pixels.flatten(1).double().cpu()
            if len(values) not in (1, self.channels):
                raise DataError(f"case {sample.case.id} has {len(values)} channels; the model was made with channels = {self.channels}")
            count += values.shape[1]
            total += values.sum(1)
            squares += values.square().sum(1)
        mean = total / max(count, 1)
        deviation = (squares / max(count, 1) - mean.square()).clamp_min(0).sqrt()
        if not bool((deviation > 1e-6).all()):
            raise DataError("normalisation = smn: the training images hold one value only, so that nothing can be divided by its deviation")
        device = self.mean.device
        return mean.float()[:, None, None].to(device), deviation.float()[:, None, None].to(device)


def by_slices(network: Callable[[torch.Tensor], torch.Tensor], volume: torch.Tensor) -> torch.Tensor:
    """A volume (B, C, D, H, W) as the network answers its slices (B, C, H, W), one after the other, so that memory stays that of one."""
    return torch.stack([network(volume[:, :, place]) for place in range(volume.shape[2])], dim=2)
