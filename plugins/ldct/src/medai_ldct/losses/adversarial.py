"""The losses of a Wasserstein critic and of the generator that it judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from medai_ldct.losses.features import DEFAULT
from medai_ldct.losses.perceptual import PerceptualLoss, at_least_zero


@dataclass(frozen=True)
class CriticTurn:
    """What is known when the critic learns, besides its scores of slices of normal dose, which are the target, (B, 1).

    Attributes:
        scores: those of denoised slices, (B, 1).
        slopes: how steep the critic is between each pair, (B,), as `slopes_between` says.
    """

    scores: torch.Tensor
    slopes: torch.Tensor


@dataclass(frozen=True)
class GeneratorTurn:
    """What is known when the generator learns, besides the slices of normal dose, which are the target, in HU, (B, 1, H, W).

    Attributes:
        scores: the critic's, of the denoised slices, (B, 1).
        denoised: the slices, in HU, (B, 1, H, W).
    """

    scores: torch.Tensor
    denoised: torch.Tensor


class WassersteinAdversarial(nn.Module):
    """The losses of WGAN-VGG (Yang et al., IEEE Trans. Med. Imaging 37, 2018, 1348, eq. 3 and 6), of whichever turn it is.

    Of a `CriticTurn`: `distance`, the mean score of denoised slices less that of slices of normal dose, an estimate of the negative
    Wasserstein distance; and `penalty`, the mean of (slope - 1) squared, weighted. Of a `GeneratorTurn`: `adversarial`, the negative mean
    score; and `perceptual`, the distance of VGG-19 features from the target's, weighted.

    Args:
        penalty: weight of the critic's penalty (the paper's lambda).
        perceptual: weight of the features' part (the paper's lambda_1); 0 leaves it out, and no weights are looked for.
        pretrained: weights of VGG-19: `default` for torchvision's, a file, or `none` for random ones, always the same.

    Raises:
        UsageError: a weight is below 0.
        EnvironmentFault: the weights of VGG-19 are not on this machine and cannot be fetched.
        DataError: the file is of another network.
    """

    def __init__(self, penalty: float = 10.0, perceptual: float = 0.1, pretrained: str = DEFAULT) -> None:
        super().__init__()
        self.penalty = at_least_zero("penalty", penalty)
        self.perceptual = at_least_zero("perceptual", perceptual)
        self.features = PerceptualLoss(pretrained) if perceptual else None

    def forward(self, output: CriticTurn | GeneratorTurn, target: torch.Tensor) -> dict[str, torch.Tensor]:
        if isinstance(output, CriticTurn):
            return {
                "distance": output.scores.mean() - target.mean(),
                "penalty": self.penalty * (output.slopes - 1).square().mean(),
            }
        found = {"adversarial": -output.scores.mean()}
        if self.features is not None:
            found["perceptual"] = self.perceptual * self.features(output.denoised, target)
        return found


def slopes_between(critic: Callable[[torch.Tensor], torch.Tensor], one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """How steep a critic is at a point between two slices, drawn at random on the line between them.

    Gulrajani et al., NeurIPS 2017, 5767, eq. 3.

    Args:
        critic: gives a score (B, 1) for slices (B, 1, H, W), of each alone.
        one, other: slices (B, 1, H, W) on the critic's scale.

    Returns:
        (B,), the norm of the score's gradient with respect to the slice; gradients flow on to the critic's parameters.
    """
    share = torch.rand(len(one), 1, 1, 1, device=one.device)
    between = torch.lerp(one.detach(), other.detach(), share).requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return gradient.flatten(1).norm(dim=1)
