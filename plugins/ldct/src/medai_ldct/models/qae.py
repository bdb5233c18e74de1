"""Q-AE: an autoencoder of quadratic neurons."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai_ldct.models.layout import laid_out
from medai_ldct.models.published import QAE, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.volumes import slice_by_slice


class QuadraticAutoencoder(nn.Module):
    """Q-AE (Fan et al., IEEE Trans. Med. Imaging 39, 2020, 2035), with the 49,818 parameters that the study prints.

    Five quadratic 3x3 convolutions, the fifth without padding, and five transposed ones, the first without; three shortcuts are added on
    the way. As in the authors' code (github.com/FengleiFan/QAE) every layer begins as a linear one: w_r is drawn from a normal distribution
    of deviation 0.1, cut off at two deviations, w_g and w_b are 0, b_g is 1. The last layer, which is added to the slice, begins nearly at
    zero instead, so that the network starts out close to the identity.

    HU in and out, float32 (B, 1, H, W) with H and W at least 3, or a volume (B, 1, D, H, W) slice by slice.

    Args:
        filters: of each layer.
        pretrained: a file of weights to start from, ours or of the public code that `medai_ldct.models.published` names; none by default.
    """

    def __init__(self, filters: int = 15, pretrained: str | None = None) -> None:
        super().__init__()
        self.conv1 = Quadratic(1, filters)
        self.conv2 = Quadratic(filters, filters)
        self.conv3 = Quadratic(filters, filters)
        self.conv4 = Quadratic(filters, filters)
        self.conv5 = Quadratic(filters, filters, padding=0)
        self.deconv1 = Quadratic(filters, filters, padding=0, transposed=True)
        self.deconv2 = Quadratic(filters, filters, transposed=True)
        self.deconv3 = Quadratic(filters, filters, transposed=True)
        self.deconv4 = Quadratic(filters, filters, transposed=True)
        self.deconv5 = Quadratic(filters, 1, transposed=True, deviation=1e-3)
        load_published(self, pretrained, (QAE,))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        slice_ = to_unit(hu)
        second = self.conv2(self.conv1(laid_out(slice_)).relu_()).relu_()
        fourth = self.conv4(self.conv3(second).relu_()).relu_()
        deepest = self.conv5(fourth).relu_()

        up = (self.deconv1(deepest) + fourth).relu_()
        up = self.deconv2(up).relu_()
        up = (self.deconv3(up) + second).relu_()
        up = self.deconv4(up).relu_()
        return from_unit((self.deconv5(up).float() + slice_).relu_())


class Quadratic(nn.Module):
    """Quadratic neurons as a 3x3 layer: (w_r * x + b_r)(w_g * x + b_g) + w_b * x^2 + c, with * a convolution, or a transposed one.

    Fan et al. 2020, eq. 1. The activation after it is the caller's.
    """

    def __init__(self, channels: int, out: int, *, padding: int = 1, transposed: bool = False, deviation: float = 0.1) -> None:
        super().__init__()
        self.padding, self.transposed = padding, transposed
        shape = (channels, out, 3, 3) if transposed else (out, channels, 3, 3)
        self.weight_r = nn.Parameter(nn.init.trunc_normal_(torch.empty(shape), std=deviation, a=-2 * deviation, b=2 * deviation))
        self.weight_g = nn.Parameter(torch.zeros(shape))
        self.weight_b = nn.Parameter(torch.zeros(shape))
        self.bias_r = nn.Parameter(torch.zeros(out))
        self.bias_g = nn.Parameter(torch.ones(out))
        self.bias_c = nn.Parameter(torch.zeros(out))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        layer = functional.conv_transpose2d if self.transposed else functional.conv2d
        linear = layer(features, self.weight_r, self.bias_r, padding=self.padding)
        gate = layer(features, self.weight_g, self.bias_g, padding=self.padding)
        squares = features.square()
        if squares.shape[1] == 1:
            squares = laid_out(squares)  # torch loses the order of a single channel
        return (linear * gate).add_(layer(squares, self.weight_b, self.bias_c, padding=self.padding))
