"""Strategies of hypothesis: samples of every task, the odd ones first, for tests that should hold for all of them.

    @given(samples_of("segmentation", dimensions=3))
    def test_my_metric_is_never_above_one(sample): ...

A failure shrinks to few pixels, one channel, few classes and an even image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from medai.errors import UsageError
from medai.tasks import Boxes, Case, Image, Label, Mask, Origin, Pairs, Row, Sample, Sequence, Value
from medai_sdk.stub.samples import INPUTS_OF
from medai_sdk.stub.scenes import origin

__all__ = ["images", "predictions_of", "rows", "samples_of", "sequences"]

_RANGES: Mapping[str, tuple[float, float]] = {"0..1": (0.0, 1.0), "HU": (-1024.0, 3071.0)}
_ANY = (-1e4, 1e4)
_FEATURES = 6


@st.composite
def images(
    draw: st.DrawFn, *, dimensions: int = 2, most: int = 12, channels: tuple[int, ...] = (1, 3), units: tuple[str, ...] = ("0..1", "HU")
) -> Image:
    """Images: of one value, with one pixel that differs, or of noise; without a place, with a spacing, or with an affine.

    Args:
        draw: hypothesis gives it.
        dimensions: 2, or 3 for volumes.
        most: pixels along each axis, at least 1.
        channels: numbers of channels to choose from.
        units: to choose from.
    """
    size = tuple(draw(st.integers(1, most)) for _ in range(dimensions))
    shape = (draw(st.sampled_from(channels)), *size)
    unit = draw(st.sampled_from(units))
    place = draw(st.sampled_from(_places(dimensions)))
    return Image(_pixels(draw, shape, unit), unit, place)


@st.composite
def rows(draw: st.DrawFn, *, most: int = _FEATURES) -> Row:
    """Rows of one column or more, in which values may be missing."""
    values = draw(st.lists(st.floats(width=32, allow_infinity=False, allow_nan=True), min_size=1, max_size=most))
    return Row(torch.tensor(values, dtype=torch.float32), tuple(f"column {number}" for number in range(len(values))))


@st.composite
def sequences(draw: st.DrawFn, *, most: int = 40) -> Sequence:
    """Sequences of RNA, of one letter or more."""
    return Sequence(draw(st.text("ACGUN", min_size=1, max_size=most)))


@st.composite
def samples_of(
    draw: st.DrawFn,
    task: str,
    inputs: str = "image",
    *,
    dimensions: int = 2,
    most: int = 12,
    channels: tuple[int, ...] = (1, 3),
    classes: int = 4,
    units: tuple[str, ...] = ("0..1", "HU"),
    labelled: bool = True,
) -> Sample[Any, Any]:
    """Samples of a task of medai's own, degenerate ones among them: no box, boxes without area, an empty mask, one pixel, no pair.

    Args:
        draw: hypothesis gives it.
        task: its short name or its id.
        inputs: `image`, `row` or `sequence`.
        dimensions: of images, 2 or 3.
        most: of images, pixels along each axis; of sequences, three times as many letters.
        channels: of images, to choose from.
        classes: of labels, masks (the background among them) and boxes, at most; of values, how many numbers at most.
        units: of images, to choose from.
        labelled: whether there is a reference.

    Raises:
        UsageError: the task has no such input.
    """
    name = task.removeprefix("medai/")
    if inputs not in INPUTS_OF.get(name, ()):
        raise UsageError(f"there are no samples of {task} of {inputs}")
    given: Any = draw(
        {
            "image": images(dimensions=dimensions, most=most, channels=channels, units=units),
            "row": rows(),
            "sequence": sequences(most=3 * most),
        }[inputs]
    )
    number = draw(st.integers(0, 9))
    case = Case(f"case-{number}", f"patient-{number // 2}")
    return Sample(case, given, _REFERENCES[name](draw, given, classes) if labelled else None)


@st.composite
def predictions_of(draw: st.DrawFn, task: str, sample: Sample[Any, Any], *, classes: int = 4) -> Any:
    """Predictions for a sample that its task takes, right or wrong; of the tasks whose prediction is of the reference's type.

    Raises:
        UsageError: the task's prediction is of another type.
    """
    name = task.removeprefix("medai/")
    if name not in ("restoration", "segmentation", "regression", "base-pairing", "detection"):
        raise UsageError(f"there are no predictions of {task}")
    found = _REFERENCES[name](draw, sample.inputs, classes)
    if isinstance(found, Boxes):
        scores = draw(st.lists(st.floats(0, 1, width=32), min_size=len(found), max_size=len(found)))
        return Boxes(found.boxes, found.labels, torch.tensor(scores, dtype=torch.float32))
    if isinstance(found, Value) and isinstance(sample.reference, Value):
        return Value(found.values[:1].expand(sample.reference.values.shape).clone(), sample.reference.names)
    return found


def _places(dimensions: int) -> tuple[Origin | None, ...]:
    whole = origin(dimensions)
    return (None, Origin(spacing=whole.spacing), whole)


def _pixels(draw: st.DrawFn, shape: tuple[int, ...], unit: str) -> torch.Tensor:
    low, high = _RANGES.get(unit, _ANY)
    kind = draw(st.sampled_from(("even", "one pixel", "noise")))
    if kind == "noise":
        values = np.random.default_rng(draw(st.integers(0, 99))).uniform(low, high, shape)
        return torch.from_numpy(values.astype(np.float32))
    pixels = torch.full(shape, draw(st.sampled_from((low, (low + high) / 2, high))))
    if kind == "one pixel":
        pixels.view(-1)[draw(st.integers(0, pixels.numel() - 1))] = draw(st.sampled_from((high, low)))
    return pixels


def _clean(draw: st.DrawFn, given: Image, classes: int) -> Image:
    return Image(_pixels(draw, tuple(given.pixels.shape), given.unit), given.unit, given.origin)


def _label(draw: st.DrawFn, given: Any, classes: int) -> Label:
    return Label(draw(st.integers(0, classes - 1)))


def _value(draw: st.DrawFn, given: Any, classes: int) -> Value:
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    values = draw(st.lists(finite, min_size=1, max_size=classes))
    names = tuple(f"number {place}" for place in range(len(values))) if draw(st.booleans()) else ()
    return Value(torch.tensor(values, dtype=torch.float32), names)


def _mask(draw: st.DrawFn, given: Image, classes: int) -> Mask:
    size = tuple(given.pixels.shape[1:])
    kind = draw(st.sampled_from(("even", "one pixel", "patches")))
    highest = max(1, classes - 1)
    labels = torch.full(size, draw(st.integers(0, highest)) if kind == "even" else 0, dtype=torch.int64)
    if kind == "one pixel":
        labels.view(-1)[draw(st.integers(0, labels.numel() - 1))] = draw(st.integers(1, highest))
    if kind == "patches":
        labels = torch.from_numpy(np.random.default_rng(draw(st.integers(0, 99))).integers(0, highest + 1, size))
    return Mask(labels)


def _boxes(draw: st.DrawFn, given: Image, classes: int) -> Boxes:
    height, width = given.pixels.shape[-2:]
    across, down = st.floats(0, width, width=32), st.floats(0, height, width=32)
    # Sorted ends: a box may have no area.
    one = st.tuples(st.tuples(across, across).map(sorted), st.tuples(down, down).map(sorted))
    found = draw(st.lists(st.tuples(one, st.integers(0, classes - 1)), max_size=4))
    boxes = [[x[0], y[0], x[1], y[1]] for (x, y), _ in found]
    labels = torch.tensor([label for _, label in found], dtype=torch.int64)
    return Boxes(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), labels)


def _pairs(draw: st.DrawFn, given: Sequence, classes: int) -> Pairs:
    """Pairs of any positions, so that they may cross."""
    length = len(given.letters)
    order = draw(st.permutations(range(length)))
    count = draw(st.integers(0, length // 2))
    return Pairs.of(zip(order[:count], order[count : 2 * count], strict=True), length)


_REFERENCES: Mapping[str, Callable[[st.DrawFn, Any, int], Any]] = {
    "restoration": _clean,
    "classification": _label,
    "clustering": _label,
    "regression": _value,
    "segmentation": _mask,
    "detection": _boxes,
    "base-pairing": _pairs,
}
