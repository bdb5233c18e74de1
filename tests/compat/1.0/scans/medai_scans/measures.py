"""Losses, a metric of predictions and one of the model."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from medai.errors import DataError
from medai.tasks import Batch, Image, Loss, Metric, ModelMetric, Sample


class Charbonnier:
    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return torch.sqrt((output - target).square() / 1e4 + 1e-6).mean()


class Edges:
    """The `inner` loss of the images, and a share of that of their edges."""

    def __init__(self, inner: Loss, share: float = 0.1) -> None:
        self.inner, self.share = inner, share

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> Mapping[str, torch.Tensor]:
        edges = self.inner(output.diff(dim=-1), target.diff(dim=-1))
        return {"image": self.inner(output, target), "edges": self.share * edges}


class Bias(Metric[tuple[float, int]]):
    """How much too bright, in HU; the nearer to 0 the better, so its size is measured."""

    better: Literal["higher", "lower"] = "lower"

    def case(self, prediction: Image, sample: Sample) -> tuple[float, int]:
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no reference")
        return float((prediction.pixels - sample.reference.pixels).sum()), prediction.pixels.numel()

    def total(self, parts: Sequence[tuple[float, int]]) -> Mapping[str, float]:
        count = sum(each for _, each in parts)
        return {"bias": abs(sum(each for each, _ in parts)) / count if count else float("nan")}


class Weight(ModelMetric):
    def measure(self, model: Any, batch: Batch) -> Mapping[str, float]:
        return {"numbers": float(sum(each.numel() for each in model.parameters()))}
