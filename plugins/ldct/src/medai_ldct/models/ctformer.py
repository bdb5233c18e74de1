"""CTformer: a transformer without convolutions, over tokens that grow and shrink again."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai.errors import UsageError
from medai.inference import padded, tiled
from medai_ldct.models.published import CTFORMER, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.tokens import Performer, TransformerBlock, sinusoids
from medai_ldct.models.volumes import slice_by_slice

WINDOW = 64
_MARGIN = 16
_AT_ONCE, _AT_ONCE_ON_A_CPU = 64, 4
"""Windows that are answered together: more than four leave a CPU's cache."""
_SHIFT = 2

# Sides of the square grid of tokens after each soft split of a window: 7x7 every second pixel, 3x3 of every second token, 3x3.
_FIRST, _SECOND, _THIRD = 29, 25, 23


class Ctformer(nn.Module):
    """CTformer (Wang et al., Phys. Med. Biol. 68, 2023, 065012) of the authors' published size, 1,447,477 trainable parameters.

    The study prints 1,448,265; the authors' code (github.com/wdayang/CTformer) has 788 fewer, and so has this. 65,064 of them, a class
    token and a classifying head, are left over from the network for photographs that it was made from: no pixel depends on them, and
    nothing trains them. They are kept for the count and for the published checkpoints.

    A window of 64 x 64 becomes tokens by overlapping soft splits, each after attention and a cyclic shift; one transformer block stands in
    the middle; the way back adds up what overlaps. The answer is subtracted from the window. The last layers begin nearly at zero, so that
    the network starts out close to the identity.

    HU in and out, float32 (B, 1, H, W), or a volume (B, 1, D, H, W) slice by slice. In evaluation mode slices are of any size: windows
    overlap by half, and of each only the centre of 32 x 32 counts, so that no borders show (the paper's overlapped inference, computed
    without gradients). Around the slice lies air, -1024 HU; sides that are no multiple of 32 are mirrored up to it first. In training, a
    patch is one window.

    Args:
        channels: of the tokens.
        heads: of the transformer block's attention.
        dropout: part of the values that training sets to 0.
        pretrained: a file of weights to start from, ours or of the authors' code, which `medai_ldct.models.published` names; none by
            default.

    Raises:
        UsageError: in training, the patches are not of 64 x 64 pixels.
    """

    positions: torch.Tensor

    def __init__(self, channels: int = 64, heads: int = 8, dropout: float = 0.1, pretrained: str | None = None) -> None:
        super().__init__()
        self.encoder = Encoder(channels, dropout)
        # A constant, and a checkpoint holds what was learnt.
        self.register_buffer("positions", sinusoids(_THIRD**2, channels), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.block = TransformerBlock(channels, heads, 2, dropout)
        self.norm = nn.LayerNorm(channels)
        self.decoder = Decoder(channels, dropout)
        self.class_token = nn.Parameter(torch.zeros(1, 1, channels))
        self.head = nn.Linear(channels, 1000)
        self.apply(_drawn)
        self.decoder.begin_at_zero()
        load_published(self, pretrained, (CTFORMER,))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        if self.training:
            if tuple(hu.shape[2:]) != (WINDOW, WINDOW):
                raise UsageError(f"CTformer learns from patches of {WINDOW} x {WINDOW} pixels and was given {tuple(hu.shape)}")
            return from_unit(self._window(to_unit(hu)))
        return from_unit(padded(self._overlapped, to_unit(hu), WINDOW - 2 * _MARGIN))

    def _overlapped(self, slice_: torch.Tensor) -> torch.Tensor:
        air = functional.pad(slice_, [_MARGIN] * 4)
        batch = _AT_ONCE_ON_A_CPU if air.device.type == "cpu" else _AT_ONCE
        found = tiled(self._window, air, tile=WINDOW, overlap=0.5, weighting="flat", margin=_MARGIN, batch=batch)
        return found[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]

    def _window(self, window: torch.Tensor) -> torch.Tensor:
        tokens, first, second = self.encoder(window)
        tokens = self.norm(self.block(self.dropout(tokens + self.positions)))
        noise: torch.Tensor = self.decoder(tokens, first, second)
        return window - noise.float()


class Encoder(nn.Module):
    """From a window (B, 1, 64, 64) to tokens (B, 529, channels), and those on the way, (B, 841, channels) and (B, 625, channels)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.attention1 = Performer(7 * 7, channels, dropout)
        self.attention2 = Performer(3 * 3 * channels, channels, dropout)
        self.project = nn.Linear(3 * 3 * channels, channels)

    def forward(self, window: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        first = self.attention1(functional.unfold(window, 7, stride=2).transpose(1, 2))
        second = self.attention2(functional.unfold(_shifted(_grid(first, _FIRST)), 3, dilation=2).transpose(1, 2))
        third = self.project(functional.unfold(_shifted(_grid(second, _SECOND)), 3).transpose(1, 2))
        return third, first, second


class Decoder(nn.Module):
    """The way back, from tokens and those that the encoder had on its way to a window (B, 1, 64, 64)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(channels, 3 * 3 * channels)
        self.attention2 = Performer(channels, 3 * 3 * channels, dropout)
        self.attention1 = Performer(channels, 7 * 7, dropout)

    def begin_at_zero(self) -> None:
        """Draw the layers that give the answer nearly at zero."""
        nn.init.normal_(self.attention1.keys_queries_values.weight[-7 * 7 :], std=2e-4)
        last = self.attention1.perceptron[2]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=2e-4)

    def forward(self, tokens: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        grid = functional.fold(self.project(tokens).transpose(1, 2), (_SECOND, _SECOND), 3)
        tokens = self.attention2(_shifted(grid, -_SHIFT).flatten(2).transpose(1, 2) + second)
        grid = functional.fold(tokens.transpose(1, 2), (_FIRST, _FIRST), 3, dilation=2)
        tokens = self.attention1(_shifted(grid, -_SHIFT).flatten(2).transpose(1, 2) + first)
        return functional.fold(tokens.transpose(1, 2), (WINDOW, WINDOW), 7, stride=2)


def _grid(tokens: torch.Tensor, side: int) -> torch.Tensor:
    return tokens.transpose(1, 2).unflatten(2, (side, side))


def _shifted(grid: torch.Tensor, by: int = _SHIFT) -> torch.Tensor:
    return torch.roll(grid, (by, by), (2, 3))


def _drawn(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear):
        nn.init.trunc_normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
