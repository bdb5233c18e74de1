"""The residual U-Net that the study compares, from the octave paper."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai.inference import padded
from medai_ldct.models.doubling import DoublingConvolution
from medai_ldct.models.layout import laid_out
from medai_ldct.models.published import UNET, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.volumes import slice_by_slice


class UNet(nn.Module):
    """U-Net as Won et al. (PRIME 2020, LNCS 12329, 68) compare it, with the 7,819,201 parameters that the study prints.

    Two 3x3 convolutions at each level, no normalisation; the features before each max-pooling are handed across, and joined to those from
    below, which are doubled by repeating pixels. Two more convolutions give what is added to the slice; the last one begins nearly at zero,
    so that the network starts out close to the identity.

    HU in and out, float32 (B, 1, H, W), or a volume (B, 1, D, H, W) slice by slice. Sides that are no multiple of 2 ** depth are mirrored
    up to it inside.

    Args:
        filters: of the first level; each level below has twice as many.
        depth: how often the slice is halved.
        pretrained: a file of weights to start from, ours or of the authors' code, which `medai_ldct.models.published` names; none by
            default.
    """

    def __init__(self, filters: int = 64, depth: int = 3, pretrained: str | None = None) -> None:
        super().__init__()
        self.depth = depth
        widths = [filters * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(Level(given, width) for given, width in zip([1, *widths], widths[:-1], strict=False))
        self.bottom = Level(widths[-2], widths[-1])
        self.up = nn.ModuleList(UpLevel(widths[level + 1], widths[level]) for level in reversed(range(depth)))
        self.gather = nn.Conv2d(filters, filters, 3, padding=1)
        self.last = nn.Conv2d(filters, 1, 3, padding=1)
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # it has one
        load_published(self, pretrained, (UNET,))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        return padded(self._fitting, hu, 2**self.depth)

    def _fitting(self, hu: torch.Tensor) -> torch.Tensor:
        slice_ = to_unit(hu)
        features, across = laid_out(slice_), []
        for level in self.down:
            features = level(features)
            across.append(features)
            features = functional.max_pool2d(features, 2)
        features = self.bottom(features)
        for level in self.up:
            features = level(features, across.pop())
        return from_unit(self.last(self.gather(features).relu_()).float() + slice_)


class Level(nn.Module):
    """Two 3x3 convolutions, each followed by a ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, padding=1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        convolved: torch.Tensor = self.conv2(self.conv1(features).relu_()).relu_()
        return convolved


class UpLevel(nn.Module):
    """What comes from below at twice its size, joined to what was handed across; then as `Level`."""

    def __init__(self, below: int, out: int) -> None:
        super().__init__()
        self.conv1 = DoublingConvolution(below, out, out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)

    def forward(self, below: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
        convolved: torch.Tensor = self.conv2(self.conv1(below, across).relu_()).relu_()
        return convolved
