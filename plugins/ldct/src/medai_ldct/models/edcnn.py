"""EDCNN: edges by a trainable Sobel operator, given to every one of a row of dense blocks."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai_ldct.models.layout import laid_out
from medai_ldct.models.published import EDCNN, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.volumes import slice_by_slice


class Edcnn(nn.Module):
    """EDCNN (Liang et al., ICSP 2020, 193), with the 80,961 trainable parameters that the study prints.

    The slice and its edges go into every block: 1x1 convolution, 3x3 convolution, each followed by a leaky ReLU. The last block gives
    what is added to the slice. HU in and out, float32 (B, 1, H, W), or a volume (B, 1, D, H, W) slice by slice.

    Args:
        filters: of each layer.
        blocks: in a row.
        pretrained: a file of weights to start from, ours or of the authors' code, which `medai_ldct.models.published` names; none by
            default.
    """

    def __init__(self, filters: int = 32, blocks: int = 8, pretrained: str | None = None) -> None:
        super().__init__()
        self.edges = TrainableSobel(filters)
        given = 1 + filters
        self.blocks = nn.ModuleList(
            Block(given if number == 0 else given + filters, filters, 1 if number == blocks - 1 else filters) for number in range(blocks)
        )
        self.activation = nn.LeakyReLU(inplace=True)
        load_published(self, pretrained, (EDCNN,))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        slice_ = to_unit(hu)
        laid = laid_out(slice_)
        given = torch.cat([laid, self.edges(laid)], 1)
        features = given
        for block in self.blocks[:-1]:
            features = torch.cat([given, self.activation(block(features))], 1)
        residual = self.blocks[-1](features)
        return from_unit(self.activation(slice_ + residual.float()))


class Block(nn.Module):
    """A 1x1 convolution that gathers, a 3x3 convolution that looks around; the activation after it is the caller's."""

    def __init__(self, channels: int, filters: int, out: int) -> None:
        super().__init__()
        self.gather = nn.Conv2d(channels, filters, 1)
        self.look = nn.Conv2d(filters, out, 3, padding=1)
        self.activation = nn.LeakyReLU(inplace=True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        looked: torch.Tensor = self.look(self.activation(self.gather(features)))
        return looked


class TrainableSobel(nn.Module):
    """Sobel operators in four directions in turn, each filter with a factor and a bias that are trained; the operators are not."""

    operators: torch.Tensor

    def __init__(self, filters: int) -> None:
        super().__init__()
        down = torch.tensor([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])
        falling = torch.tensor([[-2.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 2.0]])
        rising = torch.tensor([[0.0, 1.0, 2.0], [-1.0, 0.0, 1.0], [-2.0, -1.0, 0.0]])
        directions = torch.stack([down, down.T, falling, rising])
        # Not saved: they are constants, and a checkpoint holds what was learnt.
        self.register_buffer("operators", directions[torch.arange(filters) % 4][:, None], persistent=False)
        self.factor = nn.Parameter(torch.ones(filters, 1, 1, 1))
        self.bias = nn.Parameter(torch.zeros(filters))

    def forward(self, slice_: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(slice_, self.operators * self.factor, self.bias, padding=1)
