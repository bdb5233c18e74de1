"""The loss of pixels alone, by the study's name."""

from __future__ import annotations

from collections.abc import Callable

import torch

from medai.api import build


def mean_squared_error() -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """`standard/mse` between prediction and reference, (B, 1, H, W) or (B, 1, D, H, W) in HU; in HU squared.

    The study trains RED-CNN, QAE, OCTNet, UNet and CTformer by it (sections 3.3.1 and 3.3.3).
    """
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = build("standard/mse")
    return loss
