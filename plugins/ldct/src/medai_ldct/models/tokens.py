"""Blocks of CTformer that work on tokens, (B, count, channels)."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

_MOST = 20.0
"""Of an exponent: the square of its exponential, summed over tokens and features, is far from what float32 can hold."""


class Performer(nn.Module):
    """Attention at a cost that grows with the count of tokens, not its square, and a perceptron of two layers; changes their channels.

    Attention's exponential is estimated from random features (Choromanski et al., ICLR 2021, eq. 5), half as many as the channels that
    come of it; they are drawn once and not trained. The values are added to what attention finds: the tokens given have other channels.

    Args:
        channels: of the tokens given.
        out: of those that come of them.
        dropout: part of the values that training sets to 0.
    """

    random_features: torch.Tensor

    def __init__(self, channels: int, out: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.keys_queries_values = nn.Linear(channels, 3 * out)
        self.project = nn.Linear(out, out)
        self.norm2 = nn.LayerNorm(out)
        self.perceptron = nn.Sequential(nn.Linear(out, out), nn.GELU(), nn.Linear(out, out), nn.Dropout(dropout))
        self.dropout = nn.Dropout(dropout)
        count = out // 2
        self.register_buffer("random_features", nn.init.orthogonal_(torch.empty(count, out)) * math.sqrt(count))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        keys, queries, values = self.keys_queries_values(self.norm1(tokens)).chunk(3, dim=-1)
        attended = values + self.dropout(self.project(self._attention(keys, queries, values)))
        found: torch.Tensor = attended + self.perceptron(self.norm2(attended))
        return found

    def _attention(self, keys: torch.Tensor, queries: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        # All keys share a factor, or they would no longer be weighed against one another; each query may have its own.
        keys, queries = self._features(keys, (1, 2)), self._features(queries, (2,))
        total = queries @ keys.sum(dim=1)[:, :, None]
        # The paper's features are over sqrt(m), which falls out but for the small number, 1e-8 there.
        return queries @ (keys.transpose(1, 2) @ values) / (total + 1e-8 * len(self.random_features))

    def _features(self, vectors: torch.Tensor, alike: tuple[int, ...]) -> torch.Tensor:
        """exp(w x - |x|^2 / 2), for each of the m features w, but for a factor that is the same along the axes `alike`."""
        exponents = functional.linear(vectors, self.random_features).sub_(vectors.square().sum(dim=-1, keepdim=True) / 2)
        # Up to |w|^2 / 2, which float32 cannot hold. The factor is 1 where it can, and falls out of the attention where it is another.
        highest = exponents.detach().amax(alike, keepdim=True)
        return exponents.sub_((highest - _MOST).relu_()).exp_()


class TransformerBlock(nn.Module):
    """Multi-head attention and a perceptron that widens the tokens and narrows them again, each added to what it was given.

    Args:
        channels: of the tokens.
        heads: of the attention.
        widening: of the perceptron's inner layer.
        dropout: part of the values that training sets to 0.
    """

    def __init__(self, channels: int, heads: int, widening: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(channels)
        self.queries_keys_values = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels)
        self.perceptron = nn.Sequential(
            nn.Linear(channels, widening * channels), nn.GELU(), nn.Dropout(dropout), nn.Linear(widening * channels, channels)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        tokens = tokens + self.dropout(self.project(self._attention(self.norm1(tokens))))
        found: torch.Tensor = tokens + self.dropout(self.perceptron(self.norm2(tokens)))
        return found

    def _attention(self, tokens: torch.Tensor) -> torch.Tensor:
        images, count, channels = tokens.shape
        heads = self.queries_keys_values(tokens).view(images, count, 3, self.heads, channels // self.heads)
        queries, keys, values = heads.permute(2, 0, 3, 1, 4)
        dropout = self.dropout.p if self.training else 0.0
        found = functional.scaled_dot_product_attention(queries, keys, values, dropout_p=dropout)
        return found.transpose(1, 2).reshape(images, count, channels)


def sinusoids(count: int, channels: int) -> torch.Tensor:
    """Positions (1, count, channels) as sines and cosines (Vaswani et al., NeurIPS 2017, 3.5)."""
    place = torch.arange(count, dtype=torch.float64)[:, None]
    angles = place / 10000 ** (2 * (torch.arange(channels) // 2) / channels)
    table = torch.where(torch.arange(channels) % 2 == 0, angles.sin(), angles.cos())
    return table.float()[None]
