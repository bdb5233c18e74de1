"""Convolutions whose samples lie where the network puts them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

_SIDE = 3
_SAMPLES = _SIDE**2


class DeformableConv2d(nn.Module):
    """A 3x3 modulated deformable convolution (Zhu et al. 2019, "Deformable ConvNets v2"), of stride 1: (B, `given`, h, w) to
    (B, `channels`, h, w). It begins as a plain convolution times a half.

    The same numbers as `torchvision.ops.deform_conv2d`, from operations that ONNX has had since opset 16 (torchvision's needs 19), and
    that are faster on a CPU.
    """

    def __init__(self, given: int, channels: int) -> None:
        super().__init__()
        self.offsets = nn.Conv2d(given, 3 * _SAMPLES, _SIDE, padding=_SIDE // 2)
        # Its weights, seen as (channels, given, 3, 3), are those of the 3x3 convolution.
        self.mixed = nn.Conv2d(given * _SAMPLES, channels, 1)
        for parameter in (self.offsets.weight, self.offsets.bias, self.mixed.bias):
            assert parameter is not None
            nn.init.zeros_(parameter)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        batch, _, height, width = features.shape
        found = self.offsets(features).float()
        offsets, mask = found[:, : 2 * _SAMPLES], found[:, 2 * _SAMPLES :].sigmoid()
        places = _grid(height, width, features.device) + offsets.view(batch, _SAMPLES, 2, height, width)
        # From pixels to grid_sample's scale, where -1 and 1 are the borders of the map.
        y, x = (2 * places[:, :, 0] + 1) / height - 1, (2 * places[:, :, 1] + 1) / width - 1
        where = torch.stack([x, y], -1).view(batch, _SAMPLES * height, width, 2)
        samples = F.grid_sample(features.float(), where, align_corners=False).view(batch, -1, _SAMPLES, height, width)
        answer: torch.Tensor = self.mixed((samples * mask[:, None]).flatten(1, 2))
        return answer


def _grid(height: int, width: int, device: torch.device) -> torch.Tensor:
    """Row and column of the nine samples of each cell before they are moved, float32 (9, 2, h, w)."""
    sample = torch.arange(_SAMPLES, device=device)
    rows = torch.arange(height, device=device)[None] + (sample // _SIDE - _SIDE // 2)[:, None]
    columns = torch.arange(width, device=device)[None] + (sample % _SIDE - _SIDE // 2)[:, None]
    return torch.stack([rows[:, :, None].expand(-1, -1, width), columns[:, None, :].expand(-1, height, -1)], 1).float()
