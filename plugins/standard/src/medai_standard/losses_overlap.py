"""Losses of segmentation-models-pytorch, most of which measure how regions overlap, of logits (B, n, ...) and classes int64 (B, ...)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

import torch
from segmentation_models_pytorch import losses
from torch import nn

from medai.errors import UsageError
from medai_standard.losses import fitting

Name = Literal["dice", "jaccard", "tversky", "lovasz", "focal", "mcc", "soft-cross-entropy"]

_CLASSES: dict[str, Callable[..., nn.Module]] = {
    "dice": losses.DiceLoss,
    "jaccard": losses.JaccardLoss,
    "tversky": losses.TverskyLoss,
    "lovasz": losses.LovaszLoss,
    "focal": losses.FocalLoss,
    "mcc": losses.MCCLoss,
    "soft-cross-entropy": losses.SoftCrossEntropyLoss,
}
_MODES = {"one logit": losses.BINARY_MODE, "several logits": losses.MULTICLASS_MODE}
_ONE_KIND_ALONE = {"mcc": "one logit", "soft-cross-entropy": "several logits"}
_OURS = frozenset({"mode", "from_logits", "ignore_index", "dim", "reduction"})


class OverlapLoss(nn.Module):
    """A loss of segmentation-models-pytorch, binary for one logit (n = 1) and of several classes otherwise, for two and three dimensions.

    Args:
        loss: which. `mcc` is for one logit alone, `soft-cross-entropy` for several; `focal` takes a sigmoid of each class by itself.
        ignore: a class in the target that counts for nothing.
        options: keywords of the library's constructor, such as `{alpha = 0.7, beta = 0.3}` for `tversky` or `{smooth = 1.0}` for `dice`.
    """

    def __init__(self, loss: Name, ignore: int | None = None, options: dict[str, Any] = {}) -> None:  # noqa: B006  never changed
        super().__init__()
        known = inspect.signature(_CLASSES[loss]).parameters
        if wrong := [name for name in options if name not in known or name in _OURS]:
            raise UsageError(f"options: {loss} has no {wrong[0]!r}; it has {', '.join(sorted(set(known) - _OURS))}")
        if ignore is not None and "ignore_index" not in known:
            raise UsageError(f"ignore: {loss} cannot leave a class out")
        self.loss, self.ignore = loss, ignore
        given = options | ({} if ignore is None else {"ignore_index": ignore})
        if loss == "soft-cross-entropy":
            given = {"smooth_factor": 0.0} | given  # the library's default, None, is no number, and fails at the first call
        self.by_kind, self._refused = nn.ModuleDict(), {}
        for kind, mode in _MODES.items():
            if kind != _ONE_KIND_ALONE.get(loss, kind):
                self._refused[kind] = f"{loss} is for {_ONE_KIND_ALONE[loss]}"
                continue
            try:
                self.by_kind[kind] = _CLASSES[loss](**({"mode": mode} if "mode" in known else {}), **given)
            except (AssertionError, TypeError, ValueError) as error:  # an option that one of the two does not know
                self._refused[kind] = f"{loss} with {options} is not for {kind} ({error})"
        if not self.by_kind:
            raise UsageError(f"options: {'; '.join(self._refused.values())}")

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits, classes = fitting(output, target, self.ignore)
        count = logits.shape[1]
        kind = "one logit" if count == 1 else "several logits"
        if kind in self._refused:
            raise ValueError(f"{self._refused[kind]}, and there are {count}")
        given = logits.sigmoid() if self.loss == "mcc" else logits  # alone of all, it takes probabilities
        # As one long picture: the library takes three axes for a picture without a channel, and knows no volumes.
        shape = (len(classes), 1, -1, 1) if count == 1 else (len(classes), -1, 1)
        found: torch.Tensor = self.by_kind[kind](given.reshape(len(given), count, -1, 1), classes.reshape(shape))
        return found


class Dice(OverlapLoss):
    """One minus the Dice coefficient of soft regions, over all images of the batch, averaged over the classes that occur in it.
    Milletari et al. 2016, doi:10.1109/3DV.2016.79.

    Args:
        ignore: a class in the target that counts for nothing.
        smooth: added to both parts of the quotient.
    """

    def __init__(self, ignore: int | None = None, smooth: float = 0.0) -> None:
        super().__init__("dice", ignore, {"smooth": smooth})
