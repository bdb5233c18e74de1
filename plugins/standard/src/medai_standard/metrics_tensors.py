"""Predictions and references as the tensors that metrics of torchmetrics take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import one_hot

from medai.errors import UsageError
from medai.tasks import Boxes, Cluster, Image, Label, Mask, Pairs, Scores, Value

if TYPE_CHECKING:
    from torchmetrics import Metric


def tensors_of(metric: Metric, prediction: Any, reference: Any) -> tuple[Any, Any]:
    """What `metric.update` is given for one case, with a batch axis of one in front.

    Raises:
        UsageError: there is no way to give it such a prediction.
    """
    name, domain = type(metric).__name__, type(metric).__module__.split(".")[1]
    match prediction:
        case Scores():
            return _of_scores(prediction, reference, name, domain)
        case Mask():
            found, truth = prediction.labels[None], reference.labels[None]
            # A metric of two classes is asked about the foreground, whatever structure it is.
            return ((found > 0).long(), (truth > 0).long()) if name.startswith("Binary") else (found, truth)
        case Boxes():
            return [_of_boxes(prediction)], [_of_boxes(reference)]
        case Value():
            return (
                (prediction.values, reference.values) if len(reference.values) == 1 else (prediction.values[None], reference.values[None])
            )
        case Image():
            if domain == "regression":
                return prediction.pixels.flatten(), reference.pixels.flatten()
            return prediction.pixels[None], reference.pixels[None]
        case Pairs():
            return _of_pairs(prediction), _of_pairs(reference)
        case Cluster():
            return Cluster.stack([prediction]), Label.stack([reference])
    raise UsageError(f"{name} cannot be given a {type(prediction).__name__}")


def _of_scores(prediction: Scores, reference: Label, name: str, domain: str) -> tuple[torch.Tensor, torch.Tensor]:
    probabilities, index = prediction.probabilities, Label.stack([reference])
    if domain in ("clustering", "nominal"):
        return probabilities.argmax(keepdim=True), index
    if name.startswith("Binary"):
        if len(probabilities) != 2:
            raise UsageError(f"{name} is for two classes, and the prediction has {len(probabilities)}")
        return probabilities[1:], index
    if name.startswith("Multilabel"):
        return probabilities[None], one_hot(index, len(probabilities))
    return probabilities[None], index


def _of_boxes(found: Boxes) -> dict[str, torch.Tensor]:
    named = {"boxes": found.boxes, "labels": found.labels}
    return named if found.scores is None else named | {"scores": found.scores}


def _of_pairs(structure: Pairs) -> torch.Tensor:
    """1 for each pair of positions i < j that pair, else 0, int64 (L (L - 1) / 2,)."""
    matrix = torch.zeros(structure.length, structure.length, dtype=torch.int64)
    if structure.pairs:
        first, second = torch.tensor(structure.pairs).T
        matrix[first, second] = 1
    return matrix[torch.triu_indices(structure.length, structure.length, 1).unbind()]
