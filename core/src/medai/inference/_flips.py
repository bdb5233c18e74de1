"""Answers to an image and its mirror images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import torch
from torch import Tensor

from medai.errors import UsageError


@torch.no_grad()
def flipped(network: Callable[[Tensor], Tensor], pixels: Tensor, axes: Sequence[int]) -> Tensor:
    """The mean of a network's answers to an image and to its flips along the axes and all combinations of them, each flipped back.

    Args:
        network: gives maps (B, K, *spatial) for (B, C, *spatial). Average what may be averaged: probabilities or images, not labels.
        pixels: (B, C, *spatial).
        axes: the tensor's axes to flip: -1 changes left and right, -2 top and bottom. Two axes take four passes, three take eight.

    Returns:
        float32 (B, K, *spatial), without gradients; the network's plain answer where `axes` is empty.

    Raises:
        UsageError: an axis is named twice, or is none of the spatial ones.
    """
    named = [axis % pixels.ndim if -pixels.ndim <= axis < pixels.ndim else 0 for axis in axes]
    if len(set(named)) < len(named) or any(axis < 2 for axis in named):
        raise UsageError(f"flips along the axes {list(axes)}: they are spatial axes of (B, C, ...), each once, -1 for left and right")
    turns = [turn for count in range(len(named) + 1) for turn in combinations(named, count)]
    total = network(pixels).float()
    for turn in turns[1:]:
        total = total + network(pixels.flip(turn)).flip(turn).float()
    return total / len(turns)
