"""Losses between a module's output and a target, computed in float32.

Those of values take an output and a target of the same shape, in the output's physical units. Those of classes take logits
(B, n, ...) and classes int64 (B, ...): of images, of pixels or of voxels. One logit (n = 1) stands for two classes, 0 and 1, by sigmoid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from medai.errors import UsageError
from medai.tasks import Loss

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "Huber",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SmoothL1",
    "Sum",
    "fitting",
]


class MeanSquaredError(nn.Module):
    """The mean over all values of (output - target) squared, in float32."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        _same_shape(output, target)
        # In HU, squares pass what half precision holds.
        return (output.float() - target.float()).square().mean()


class MeanAbsoluteError(nn.Module):
    """The mean over all values of |output - target|, in float32."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        _same_shape(output, target)
        return (output.float() - target.float()).abs().mean()


class SmoothL1(nn.Module):
    """torch's smooth L1: squared, over 2 beta, below `beta`, absolute above, less beta / 2. Girshick 2015, doi:10.1109/ICCV.2015.169.

    Args:
        beta: in the output's unit.
    """

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self.beta = _positive("beta", beta)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        _same_shape(output, target)
        return F.smooth_l1_loss(output.float(), target.float(), beta=self.beta)


class Huber(nn.Module):
    """torch's Huber loss: smooth L1 times `delta`. Huber 1964, doi:10.1214/aoms/1177703732.

    Args:
        delta: in the output's unit.
    """

    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self.delta = _positive("delta", delta)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        _same_shape(output, target)
        return F.huber_loss(output.float(), target.float(), delta=self.delta)


class CrossEntropy(nn.Module):
    """Cross-entropy of logits (B, n, ...) and classes int64 (B, ...).

    Args:
        weights: one per class; the mean is then weighted.
        label_smoothing: the share of probability spread over all classes (Szegedy et al. 2016, doi:10.1109/CVPR.2016.308).
        ignore: a class in the target that counts for nothing, such as 255 for what was not annotated.
    """

    weights: torch.Tensor | None

    def __init__(self, weights: tuple[float, ...] | None = None, label_smoothing: float = 0.0, ignore: int | None = None) -> None:
        super().__init__()
        if not 0 <= label_smoothing <= 1:
            raise UsageError(f"label_smoothing = {label_smoothing}: not between 0 and 1")
        self.label_smoothing, self.ignore = label_smoothing, ignore
        self.register_buffer("weights", None if weights is None else torch.tensor(weights), persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits, classes = _two_or_more(*fitting(output, target, self.ignore))
        if self.weights is not None and len(self.weights) != logits.shape[1]:
            raise ValueError(f"{len(self.weights)} weights for {logits.shape[1]} classes")
        ignored = -100 if self.ignore is None else self.ignore
        kept = classes.numel() if self.ignore is None else int((classes != self.ignore).sum())
        if kept == 0:  # the mean over nothing is NaN, and the run would stop on a case without annotation
            return logits.sum() * 0
        return F.cross_entropy(logits, classes, self.weights, ignore_index=ignored, label_smoothing=self.label_smoothing)


class BinaryCrossEntropy(nn.Module):
    """Binary cross-entropy of logits: of one logit (B, 1, ...) and classes int64 (B, ...), or of several yes-or-no answers that do not
    exclude one another, logits and a target of 0..1 both (B, n, ...).

    Args:
        positive_weight: how often a positive counts.
    """

    positive_weight: torch.Tensor

    def __init__(self, positive_weight: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("positive_weight", torch.tensor(_positive("positive_weight", positive_weight)), persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if target.ndim == output.ndim - 1 and output.shape[1] == 1:
            output, target = fitting(output, target)
            target = target[:, None]
        _same_shape(output, target)
        return F.binary_cross_entropy_with_logits(output.float(), target.float(), pos_weight=self.positive_weight)


class Focal(nn.Module):
    """Focal loss of logits (B, n, ...) and classes int64 (B, ...): cross-entropy times (1 - p) ** gamma, where p is the probability of the
    true class. Lin et al. 2017, doi:10.1109/ICCV.2017.324.

    Args:
        gamma: how much what is already sure counts less; 0 is cross-entropy.
        weights: one per class (the paper's alpha); the mean is over all pixels, not weighted.
        ignore: a class in the target that counts for nothing.
    """

    weights: torch.Tensor | None

    def __init__(self, gamma: float = 2.0, weights: tuple[float, ...] | None = None, ignore: int | None = None) -> None:
        super().__init__()
        if not gamma >= 0:
            raise UsageError(f"gamma = {gamma}: not 0 or more")
        self.gamma, self.ignore = gamma, ignore
        self.register_buffer("weights", None if weights is None else torch.tensor(weights), persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits, classes = _two_or_more(*fitting(output, target, self.ignore))
        kept = torch.ones_like(classes, dtype=torch.bool) if self.ignore is None else classes != self.ignore
        true = classes.where(kept, torch.zeros_like(classes))
        log = logits.log_softmax(1).gather(1, true[:, None])[:, 0]
        # 1 - p by expm1: near p = 1 the difference would round to 0, and with gamma below 1 its slope to infinity.
        each = -((-torch.expm1(log)).clamp(min=1e-8) ** self.gamma) * log
        if self.weights is not None:
            each = each * self.weights[true]
        return (each * kept).sum() / kept.sum().clamp(min=1)


class Sum(nn.Module):
    """A weighted sum of losses of the same output and target; each is logged by name.

    Args:
        losses: the losses, such as `[{use = "standard/cross-entropy"}, {use = "standard/dice"}]`.
        weights: one per loss; None: 1 each.
    """

    def __init__(self, losses: tuple[Loss, ...], weights: tuple[float, ...] | None = None) -> None:
        super().__init__()
        if not losses or not all(map(callable, losses)):
            raise UsageError("losses: a list of losses is wanted, such as [{use = 'standard/cross-entropy'}, {use = 'standard/dice'}]")
        self.weights = (1.0,) * len(losses) if weights is None else weights
        if len(self.weights) != len(losses):
            raise UsageError(f"{len(self.weights)} weights for {len(losses)} losses")
        # As children, so that their tensors follow to the device.
        self.parts = nn.ModuleList(loss for loss in losses if isinstance(loss, nn.Module))
        self._losses = losses

    def forward(self, output: Any, target: Any) -> dict[str, torch.Tensor]:
        seen: Counter[str] = Counter()
        found: dict[str, torch.Tensor] = {}
        for loss, weight in zip(self._losses, self.weights, strict=True):
            value = loss(output, target)
            for name, part in value.items() if isinstance(value, Mapping) else [(type(loss).__name__, value)]:
                seen[name] += 1
                found[name if seen[name] == 1 else f"{name} {seen[name]}"] = weight * part
        return found


def fitting(output: torch.Tensor, target: torch.Tensor, ignore: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits in float32 and classes, when they fit one another.

    Raises:
        ValueError: the shapes or types are others, or a class is none of the output's.
    """
    wanted = (output.shape[0], *output.shape[2:])
    if output.ndim < 2 or tuple(target.shape) != wanted:
        raise ValueError(f"logits {tuple(output.shape)} and classes {tuple(target.shape)}: (B, n, ...) and (B, ...) are wanted")
    if target.dtype != torch.int64:
        raise ValueError(f"classes are {target.dtype}, not int64")
    # On a GPU the look would make it wait at every step; there the kernel of the cross-entropy itself refuses.
    if target.device.type == "cpu" and target.numel():
        counted = target if ignore is None else target[target != ignore]
        count = max(2, output.shape[1])
        if counted.numel() and not 0 <= int(counted.min()) <= int(counted.max()) < count:
            raise ValueError(f"classes from {int(counted.min())} to {int(counted.max())}; the model tells 0 to {count - 1} apart")
    return output.float(), target


def _two_or_more(logits: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """One logit as two, of which the first is 0: their softmax is its sigmoid."""
    return (torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits), classes


def _same_shape(output: torch.Tensor, target: torch.Tensor) -> None:
    # Broadcasting (B, 1) against (B,) gives a figure, and the wrong one.
    if output.shape != target.shape:
        raise ValueError(f"output {tuple(output.shape)} and target {tuple(target.shape)} differ in shape")


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise UsageError(f"{name} = {value}: not above 0")
    return value
