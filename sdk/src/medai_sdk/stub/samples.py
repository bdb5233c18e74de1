"""Generated samples: the same for the same seed, with something in them that can be learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks import Batch, Boxes, Case, Image, Label, Mask, Pairs, Row, Sample, Sequence, Value
from medai_sdk.stub.scenes import Array, bands, brightness, image, noisy, scene

INPUTS_OF: Mapping[str, tuple[str, ...]] = {
    "restoration": ("image",),
    "classification": ("image", "row"),
    "regression": ("image", "row"),
    "segmentation": ("image",),
    "detection": ("image",),
    "clustering": ("row", "image"),
    "base-pairing": ("sequence",),
}
"""The input types of each task of medai's own, by the task's short name."""

COLUMNS = tuple(f"measure {number}" for number in range(1, 7))
"""The columns of rows."""

_BLOBS = 3
_PARTNER = {"A": "U", "C": "G", "G": "C", "U": "A"}


def samples(
    task: str,
    inputs: str = "image",
    *,
    n: int = 8,
    seed: int = 0,
    size: tuple[int, ...] = (64, 64),
    channels: int = 1,
    classes: int | None = None,
    unit: str = "0..1",
    hard: bool = False,
) -> Iterator[Sample[Any, Any]]:
    """`n` samples of a task; two cases each make a group, and images lie in the patient with a spacing and an affine.

    The reference can be learnt from the input: blobs are the brighter the higher their class, numbers are the brightness of bands or
    follow the columns of a row, letters that pair are complementary.

    Args:
        task: one of medai's own, by its short name or its id.
        inputs: `image`, `row` or `sequence`.
        n: how many.
        seed: other samples.
        size: of images: height and width, or depth, height and width, in pixels; of sequences, the last is the greatest length.
        channels: of images.
        classes: how many there are: of labels and boxes 0..classes-1; of masks the background, 0, is one of them, and 1 means a mask
            of 0 and 1, as a single logit has it; of values how many numbers. By default two, and one number.
        unit: of images: `HU` for -1000 to 1000, else the values are from 0 to 1.
        hard: whether every other case has nothing to find: an even image (of restoration, without noise), no box, an empty mask, a row
            without values, a sequence without pairs.

    Raises:
        UsageError: the task has no such input, or no image of this size.
    """
    name = task.removeprefix("medai/")
    if inputs not in INPUTS_OF.get(name, ()):
        told = "; ".join(f"{each} of {' and '.join(kinds)}" for each, kinds in INPUTS_OF.items())
        raise UsageError(f"there is no stub data for {task} of {inputs}; there is for {told}")
    if len(size) not in ((2,) if name == "detection" else (2, 3)):
        raise UsageError(f"there is no {task} of images of size {size}")
    wanted = _Wanted(size, channels, classes or (1 if name == "regression" else 2), unit)
    for place in range(n):
        case = Case(f"case-{place + 1:03d}", f"patient-{place // 2 + 1:02d}", attributes={"scanner": "AB"[place // 2 % 2]})
        rng = np.random.default_rng((seed, place))
        given, reference = _MAKERS[name, inputs](rng, wanted, place, hard and place % 2 == 1)
        yield Sample(case, given, reference)


def batch(task: str, inputs: str = "image", *, n: int = 2, **options: Any) -> Batch[Any, Any]:
    """The samples as a batch; options as `samples` takes them."""
    return Batch.of(list(samples(task, inputs, n=n, **options)))


@dataclass(frozen=True)
class _Wanted:
    size: tuple[int, ...]
    channels: int
    classes: int
    unit: str

    def image(self, values: Array) -> Image:
        return image(values, self.channels, self.unit)


_Maker = Callable[[np.random.Generator, _Wanted, int, bool], tuple[Any, Any]]


def _kinds(rng: np.random.Generator, count: int, place: int) -> tuple[int, ...]:
    """The classes of a picture's blobs, so that all are there in few cases."""
    return tuple((place + number) % count for number in range(int(rng.integers(1, _BLOBS + 1))))


def _restoration(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Image, Image]:
    clean = scene(rng, wanted.size, () if empty else _kinds(rng, _BLOBS, place), _BLOBS).values
    if empty:
        even = np.full_like(clean, clean.flat[0])
        return wanted.image(even), wanted.image(even)
    return wanted.image(noisy(rng, clean)), wanted.image(clean)


def _labelled_image(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Image, Label]:
    kind = place % wanted.classes
    shown = scene(rng, wanted.size, () if empty else (kind,), wanted.classes).values
    return wanted.image(np.full_like(shown, brightness(kind, wanted.classes)) if empty else noisy(rng, shown)), Label(kind)


def _labelled_row(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Row, Label]:
    kind = place % wanted.classes
    # A class's centre is the same in all cases.
    centre = np.random.default_rng(kind).uniform(-2, 2, len(COLUMNS)) + kind
    return _row(np.full(len(COLUMNS), np.nan) if empty else rng.normal(centre, 0.3)), Label(kind)


def _image_of_values(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Image, Value]:
    numbers = np.full(wanted.classes, 0.5) if empty else rng.uniform(0, 1, wanted.classes)
    shown = bands(numbers, wanted.size)
    return wanted.image(shown if empty else noisy(rng, shown)), _value(numbers)


def _row_of_values(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Row, Value]:
    columns = rng.normal(0, 1, len(COLUMNS))
    numbers = np.array([columns[number % len(COLUMNS)] + 0.5 * columns[-1] for number in range(wanted.classes)])
    return _row(np.full(len(COLUMNS), np.nan) if empty else columns), _value(numbers)


def _masked_image(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Image, Mask]:
    structures = max(1, wanted.classes - 1)
    shown = scene(rng, wanted.size, () if empty else _kinds(rng, structures, place), structures)
    labels = np.array([0, *(kind + 1 for kind in shown.kinds)])[shown.blobs]
    return wanted.image(noisy(rng, shown.values)), Mask(torch.from_numpy(labels))


def _image_with_boxes(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Image, Boxes]:
    shown = scene(rng, wanted.size, () if empty else _kinds(rng, wanted.classes, place), wanted.classes)
    found = []
    for number, kind in enumerate(shown.kinds, start=1):
        rows, columns = np.nonzero(shown.blobs == number)
        # One that lies wholly below another cannot be found.
        if len(rows):
            found.append((kind, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
    boxes = torch.tensor([box for _, box in found], dtype=torch.float32).reshape(-1, 4)
    return wanted.image(noisy(rng, shown.values)), Boxes(boxes, torch.tensor([kind for kind, _ in found], dtype=torch.int64))


def _folded_sequence(rng: np.random.Generator, wanted: _Wanted, place: int, empty: bool) -> tuple[Sequence, Pairs]:
    """A hairpin: a stem of complementary letters around a loop of A, between ends of A."""
    length = int(rng.integers(max(1, wanted.size[-1] // 2), max(1, wanted.size[-1]) + 1))
    stem = 0 if empty else min(8, (length - 3) // 2)
    if stem < 1:
        return Sequence("A" * length), Pairs((), length)
    left = "".join(rng.choice(list(_PARTNER), stem))
    first = int(rng.integers(0, length - 2 * stem - 2))
    last = int(rng.integers(first + 2 * stem + 2, length))
    loop = last - first + 1 - 2 * stem
    letters = "A" * first + left + "A" * loop + "".join(_PARTNER[letter] for letter in reversed(left)) + "A" * (length - 1 - last)
    return Sequence(letters), Pairs(tuple((first + step, last - step) for step in range(stem)), length)


def _row(values: Array) -> Row:
    return Row(torch.from_numpy(values.astype(np.float32)), COLUMNS)


def _value(numbers: Array) -> Value:
    return Value(torch.from_numpy(numbers.astype(np.float32)), tuple(f"number {place}" for place in range(1, len(numbers) + 1)))


_MAKERS: Mapping[tuple[str, str], _Maker] = {
    ("restoration", "image"): _restoration,
    ("classification", "image"): _labelled_image,
    ("classification", "row"): _labelled_row,
    ("regression", "image"): _image_of_values,
    ("regression", "row"): _row_of_values,
    ("segmentation", "image"): _masked_image,
    ("detection", "image"): _image_with_boxes,
    ("clustering", "row"): _labelled_row,
    ("clustering", "image"): _labelled_image,
    ("base-pairing", "sequence"): _folded_sequence,
}
