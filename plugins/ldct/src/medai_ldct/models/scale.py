"""The scale that the networks of this plugin compute in: -1024..3072 HU, the range of 12-bit CT, as 0..1."""

from __future__ import annotations

import torch

_AIR, RANGE = -1024.0, 4096.0


def to_unit(hu: torch.Tensor) -> torch.Tensor:
    """HU to the networks' scale, in float32 whatever autocast says: bf16 would round soft tissue to steps of 4 HU."""
    return (hu.float() - _AIR) / RANGE


def from_unit(scaled: torch.Tensor) -> torch.Tensor:
    """The networks' scale back to HU, in float32."""
    return scaled.float() * RANGE + _AIR
