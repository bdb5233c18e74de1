"""Values that break the conventions of medai's types, each by one fault: a task has to refuse them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from medai.tasks import Boxes, Cluster, Image, Label, Mask, Pairs, Row, Scores, Sequence, Value

Spoilt = tuple[str, Any]
"""What is wrong, in words, and the value."""


def spoilt(value: Any) -> Iterator[Spoilt]:
    """The value with each fault that its type can have; nothing of a type that medai does not have."""
    match value:
        case Image():
            yield from _numbers(value, "pixels")
            yield "without a channel axis", replace(value, pixels=value.pixels[0, 0] if value.pixels.ndim == 3 else value.pixels[0, 0, 0])
        case Row():
            yield "in float64", replace(value, values=value.values.double())
        case Sequence():
            yield "without a letter", Sequence("")
            yield "with small letters", Sequence(value.letters.lower())
        case Label():
            yield "of the class -1", Label(-1)
        case Cluster():
            yield "of the cluster -1", Cluster(-1)
        case Value():
            yield from _numbers(value, "values")
            yield "without a number", Value(value.values[:0])
            yield "with a name too many", replace(value, names=(*value.names, "another"))
        case Mask():
            yield "in int32", Mask(value.labels.int())
            yield "with the class -1", Mask(value.labels - 1 - value.labels.max())
            yield "of another size", Mask(torch.cat([value.labels, value.labels[..., :1]], -1))
        case Boxes():
            yield from _boxes(value)
        case Scores():
            yield from _numbers(value, "probabilities")
            yield "that sum to 2", Scores(value.probabilities * 2)
            yield "with a negative one", Scores(torch.tensor([1.5, -0.5]))
        case Pairs():
            yield "of another length", Pairs(value.pairs, value.length + 1)
            yield "with a pair out of range", Pairs((*value.pairs, (0, value.length)), value.length)
            yield "with a base that pairs with itself", Pairs(((0, 0),), value.length)
            if value.length > 2:
                yield "with a base that pairs twice, and no multiplets", Pairs(((0, 1), (0, 2)), value.length)


def _numbers(value: Any, name: str) -> Iterator[Spoilt]:
    """float64, NaN and infinity in the field of that name."""
    numbers = getattr(value, name)
    yield "in float64", replace(value, **{name: numbers.double()})
    for word, number in (("with a NaN", float("nan")), ("with an infinite value", float("inf"))):
        changed = numbers.clone()
        changed.view(-1)[-1] = number
        yield word, replace(value, **{name: changed})


def _boxes(value: Boxes) -> Iterator[Spoilt]:
    one = torch.tensor([[2.0, 3.0, 8.0, 9.0]])
    label = torch.zeros(1, dtype=torch.int64)
    score = None if value.scores is None else torch.ones(1)
    yield "in float64", Boxes(one.double(), label, score)
    yield "with a NaN", Boxes(one * torch.tensor([1, float("nan"), 1, 1]), label, score)
    yield "with ends before their starts", Boxes(one[:, [2, 3, 0, 1]], label, score)
    yield "with the class -1", Boxes(one, label - 1, score)
    yield "with a class too many", Boxes(one, torch.zeros(2, dtype=torch.int64), score)
    if value.scores is None:
        yield "outside the image", Boxes(one + 1e5, label)
    else:
        yield "without scores", Boxes(one, label)
        yield "with a score of 2", Boxes(one, label, torch.full((1,), 2.0))
