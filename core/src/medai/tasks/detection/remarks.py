"""What a person should look at in an image with boxes: what was missed, called by another name, or found where nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from medai.tasks._protocols import Remark
from medai.tasks._records import Sample
from medai.tasks.detection.matching import Array, assign, overlaps
from medai.tasks.detection.types import Boxes
from medai.tasks.inputs import Image

LEAST = 0.3
"""The lowest score that is drawn and spoken of, where the protocol does not say."""
_OVERLAP = np.array([0.5])


def remarks_on(sample: Sample[Image, Boxes], prediction: Boxes, options: Mapping[str, Any]) -> list[Remark]:
    """The remarks, as `Detection.remarks` says."""
    if sample.reference is None or prediction.scores is None:
        return []
    names, least = options.get("classes", ()), float(options.get("least", LEAST))
    order = np.argsort(-prediction.scores.double().numpy(), kind="stable")
    scores, labels = prediction.scores.double().numpy()[order], prediction.labels.numpy()[order]
    overlap = overlaps(prediction.boxes.double().numpy()[order], sample.reference.boxes.double().numpy())
    taken = assign(overlap, _OVERLAP, np.zeros((1, overlap.shape[1]), bool))[0, 0]
    shown = int((scores >= least).sum())
    return [
        *_missed(sample, names, scores, taken, overlap[:shown]),
        *_named_wrongly(sample.reference.labels.numpy(), names, scores[:shown], labels[:shown], taken[:shown]),
        *(Remark("false positive", score, f"false positive at {score:.2f}") for score in scores[:shown][taken[:shown] < 0].tolist()),
    ]


def _missed(sample: Sample[Image, Boxes], names: Sequence[str], scores: Array, taken: Array, shown: Array) -> Iterator[Remark]:
    """Weightier, the less sure the model was of it, and the larger it is."""
    assert sample.reference is not None
    height, width = sample.inputs.pixels.shape[-2:]
    for place, ((x0, y0, x1, y1), label) in enumerate(zip(sample.reference.boxes.tolist(), sample.reference.labels.tolist(), strict=True)):
        (own,) = np.nonzero(taken == place)
        if len(own) and own[0] < len(shown):
            continue
        score = float(scores[own[0]]) if len(own) else 0.0
        nearest = float(shown[:, place].max(initial=0.0))
        why = f", found at {score:.2f} only" if len(own) else f", IoU {nearest:.2f} at best" if nearest else ""
        yield Remark("missed", 1 - score + (x1 - x0) * (y1 - y0) / (height * width), f"missed: {_word(names, label)}{why}")


def _named_wrongly(truth: Array, names: Sequence[str], scores: Array, labels: Array, taken: Array) -> Iterator[Remark]:
    for score, label, place in zip(scores.tolist(), labels.tolist(), taken.tolist(), strict=True):
        if place >= 0 and label != truth[place]:
            yield Remark("wrong class", score, f"{_word(names, int(truth[place]))} called {_word(names, label)} at {score:.2f}")


def _word(names: Sequence[str], label: int) -> str:
    return str(names[label]) if label < len(names) else f"class {label}"
