"""Volumes through networks of slices."""

from __future__ import annotations

from collections.abc import Callable

import torch


def slice_by_slice(network: Callable[[torch.Tensor], torch.Tensor], volume: torch.Tensor) -> torch.Tensor:
    """A volume (B, 1, D, H, W) as the network answers its slices (B, 1, H, W), one after the other, so that memory stays that of one."""
    return torch.stack([network(volume[:, :, place]) for place in range(volume.shape[2])], dim=2)
