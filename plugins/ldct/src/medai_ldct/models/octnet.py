"""OCTNet: a row of octave convolutions, which carry coarse features at half the resolution."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai.errors import UsageError
from medai.inference import padded
from medai_ldct.models.layout import laid_out
from medai_ldct.models.published import OCTNET, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.volumes import slice_by_slice

Bands = tuple[torch.Tensor, torch.Tensor]
"""High band (B, high, H, W) and low band (B, low, H / 2, W / 2)."""


class OctNet(nn.Module):
    """OCTNet (Won et al., PRIME 2020, LNCS 12329, 68), with the 371,073 parameters that the study prints, whatever `alpha` is.

    A convolution, an octave convolution that splits its features in two bands, eight that add what they find to both, one that joins them,
    and a convolution whose answer is added to the slice; all 3x3. The last one begins nearly at zero, so that the network starts out
    close to the identity.

    HU in and out, float32 (B, 1, H, W), or a volume (B, 1, D, H, W) slice by slice. An odd side is mirrored by a pixel inside.

    Args:
        filters: of each layer, both bands together.
        alpha: the low band's part of them; 0.75 is what the authors train with (github.com/won548/LDCT-Octave).
        pretrained: a file of weights to start from, ours or of the authors' code, which `medai_ldct.models.published` names; none by
            default.

    Raises:
        UsageError: `alpha` leaves a band without a filter.
    """

    def __init__(self, filters: int = 64, alpha: float = 0.75, pretrained: str | None = None) -> None:
        super().__init__()
        low = int(alpha * filters)
        high = filters - low
        if not 0 < low < filters:
            raise UsageError(f"alpha = {alpha}: of {filters} filters, it leaves {high} for the high and {low} for the low band")
        self.first = nn.Conv2d(1, filters, 3, padding=1)
        self.split = OctaveSplit(filters, high, low)
        self.middle = nn.ModuleList(OctaveConvolution(high, low) for _ in range(8))
        self.join = OctaveJoin(high, low, filters)
        self.last = nn.Conv2d(filters, 1, 3, padding=1)
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # it has one
        load_published(self, pretrained, (OCTNET,))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        return padded(self._even, hu, 2)

    def _even(self, hu: torch.Tensor) -> torch.Tensor:
        slice_ = to_unit(hu)
        high, low = self.split(self.first(laid_out(slice_)).relu_())
        high, low = high.relu_(), low.relu_()
        for octave in self.middle:
            more_high, more_low = octave(high, low)
            high, low = (high + more_high).relu_(), (low + more_low).relu_()
        residual = self.last(self.join(high, low).relu_())
        return from_unit((residual.float() + slice_).relu_())


class OctaveSplit(nn.Module):
    """The first octave convolution (Chen et al., ICCV 2019, 3435): features in, two bands out."""

    def __init__(self, channels: int, high: int, low: int) -> None:
        super().__init__()
        self.high_to_high = nn.Conv2d(channels, high, 3, padding=1)
        self.high_to_low = nn.Conv2d(channels, low, 3, padding=1)

    def forward(self, features: torch.Tensor) -> Bands:
        return self.high_to_high(features), self.high_to_low(functional.avg_pool2d(features, 2))


class OctaveConvolution(nn.Module):
    """An octave convolution: each band is made of both, the low one from averages of 2x2, the high one from repeated pixels."""

    def __init__(self, high: int, low: int) -> None:
        super().__init__()
        self.high_to_high = nn.Conv2d(high, high, 3, padding=1)
        self.low_to_high = nn.Conv2d(low, high, 3, padding=1)
        self.high_to_low = nn.Conv2d(high, low, 3, padding=1)
        self.low_to_low = nn.Conv2d(low, low, 3, padding=1)

    def forward(self, high: torch.Tensor, low: torch.Tensor) -> Bands:
        new_high = self.high_to_high(high) + _doubled(self.low_to_high(low))
        new_low = self.low_to_low(low) + self.high_to_low(functional.avg_pool2d(high, 2))
        return new_high, new_low


class OctaveJoin(nn.Module):
    """The last octave convolution: two bands in, features out."""

    def __init__(self, high: int, low: int, out: int) -> None:
        super().__init__()
        self.high_to_high = nn.Conv2d(high, out, 3, padding=1)
        self.low_to_high = nn.Conv2d(low, out, 3, padding=1)

    def forward(self, high: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
        joined: torch.Tensor = self.high_to_high(high) + _doubled(self.low_to_high(low))
        return joined


def _doubled(features: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")
