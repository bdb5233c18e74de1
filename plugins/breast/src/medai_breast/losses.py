"""The loss that the study names; its detectors bring their own, of which RetinaNet's, FCOS's and YOLOF's are this one over their places."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from medai.errors import UsageError


class FocalLoss(nn.Module):
    """Focal loss of each class against all others: FL = -alpha_t (1 - p_t)^gamma log(p_t), summed over classes, the mean over places.
    Lin et al. 2017, doi:10.1109/ICCV.2017.324, eq. 5; the study's Table 1.

    Takes logits (B, n, ...) and classes int64 (B, ...), 0 to n - 1.

    Args:
        alpha: weight of what is of the class; what is not has 1 - alpha.
        gamma: how much what is already sure counts less; 0 is cross-entropy.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0) -> None:
        super().__init__()
        if not (0 <= alpha <= 1 and gamma >= 0):
            raise UsageError(f"alpha = {alpha}, gamma = {gamma}: alpha is from 0 to 1, gamma 0 or more")
        self.alpha, self.gamma = alpha, gamma

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        wanted = F.one_hot(target, output.shape[1]).movedim(-1, 1).float()
        each = sigmoid_focal_loss(output.float(), wanted, alpha=self.alpha, gamma=self.gamma, reduction="none")
        return each.sum(1).mean()
