"""What a plain module could give for a batch, for losses that no model stands beside."""

from __future__ import annotations

from typing import Any

import torch

from medai.errors import UsageError
from medai.tasks import Batch, Boxes, Image, Mask, Value


def output(task: str, batch: Batch[Any, Any], *, classes: int | None = None, seed: int = 0) -> Any:
    """The raw output of a plain module that has not learnt yet, in float32 and with gradients, as the task's `predictions` and a loss
    take it.

    Args:
        task: one of medai's own, by its short name or its id.
        batch: what was given, with its reference.
        classes: logits, where the answer is among classes (of masks, 1 gives one logit); by default as many as the references show, and
            two at least.
        seed: other outputs.

    Raises:
        UsageError: the task is not one of medai's own.
    """
    draw = torch.Generator().manual_seed(seed)
    reference, count = batch.reference, len(batch.cases)
    match task.removeprefix("medai/"):
        case "restoration":
            pixels = (reference if isinstance(reference, Image) else batch.inputs).pixels
            spread = float(pixels.std(correction=0)) or 1.0
            return _learning(pixels + 0.1 * spread * torch.randn(pixels.shape, generator=draw))
        case "classification" | "clustering":
            return _learning(torch.randn((count, classes or _classes(reference)), generator=draw))
        case "regression":
            wanted = tuple(reference.values.shape) if isinstance(reference, Value) else (count, classes or 1)
            return _learning(torch.randn(wanted, generator=draw))
        case "segmentation":
            labels = reference.labels if isinstance(reference, Mask) else None
            spatial = tuple(batch.inputs.pixels.shape[2:])
            return _learning(torch.randn((count, classes or _classes(labels), *spatial), generator=draw))
        case "detection":
            return [_boxes(draw, batch.inputs.pixels.shape, classes or 2) for _ in range(count)]
        case "base-pairing":
            longest = max(len(item.letters) for item in batch.inputs)
            logits = torch.randn((count, longest, longest), generator=draw)
            return _learning(logits + logits.transpose(1, 2))
    raise UsageError(f"there is no stub output for {task}")


def _classes(labels: Any) -> int:
    return max(2, int(labels.max()) + 1) if isinstance(labels, torch.Tensor) else 2


def _boxes(draw: torch.Generator, shape: torch.Size, classes: int) -> Boxes:
    height, width = shape[-2:]
    ends = torch.rand((3, 2, 2), generator=draw).sort(1).values * torch.tensor([width, height])
    labels = torch.randint(classes, (3,), generator=draw)
    return Boxes(_learning(ends.flatten(1)), labels, _learning(torch.rand(3, generator=draw)))


def _learning(values: torch.Tensor) -> torch.Tensor:
    return values.detach().float().requires_grad_()
