"""Networks of values whose unit and size are not known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Feed, Image, Value


class StandardisedValues(nn.Module):
    """A network that learns values with the mean 0 and the deviation 1, and answers in their own units.

    Mean and deviation are those of the training cases' references, which are read once before training; they are kept with the weights.
    The loss is taken between standardised values, so that its parameters (`beta`) are in deviations.

    Args:
        network: what answers images (B, C, H, W) with one number per value, (B, k).
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        if not isinstance(network, nn.Module):
            raise UsageError(f"network = {network!r}: a model is wanted, such as {{use = 'standard/timm'}}")
        self.network = network
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("deviation", torch.ones(1))
        self.register_load_state_dict_pre_hook(_as_many)

    def prepare(self, train: Feed[Image, Value]) -> None:
        """Take mean and deviation of each value from the training cases.

        Raises:
            DataError: one of them has no reference, or there is none.
        """
        prepare: Any = getattr(self.network, "prepare", None)
        if prepare is not None:
            prepare(train)
        found = [sample.reference for sample in train.samples()]
        known = [reference.values for reference in found if reference is not None]
        if not known or len(known) < len(found):
            raise DataError(f"{len(found) - len(known)} of {len(found)} training cases have no values to learn from")
        values = torch.stack(known).float()
        deviation = values.std(0, correction=0)
        self.mean = values.mean(0)
        # A value that is always the same stays what it is.
        self.deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))

    def training_step(self, batch: Batch[Any, Any], loss: Callable[..., Any] | None, turn: str) -> Any:
        """The loss between standardised values."""
        if loss is None:
            raise UsageError("values have no loss of their own: the recipe must name one, such as standard/smooth-l1")
        target = batch.reference
        if target is None:
            raise DataError(f"case {batch.cases[0].id} has no values to learn from")
        return loss(self.network(batch.inputs.pixels), (target.values - self.mean) / self.deviation)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(pixels)
        return found.float() * self.deviation + self.mean


def _as_many(module: nn.Module, state: Mapping[str, torch.Tensor], prefix: str, *_: Any) -> None:
    """Room for as many values as the state has."""
    for name in ("mean", "deviation"):
        if f"{prefix}{name}" in state:
            setattr(module, name, torch.empty_like(state[f"{prefix}{name}"], device=getattr(module, name).device))
