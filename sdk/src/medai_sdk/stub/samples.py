"""Generated samples: the same for the same seed, with something in them that can be learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from medai.errors import UsageError
from medai.tasks import Batch, Sample

INPUTS_OF: Mapping[str, tuple[str, ...]] = {
    "restoration": ("image",),
    "classification": ("image", "row"),
    "regression": ("image", "row"),
    "segmentation": ("image",),
    "detection": ("image",),
    "clustering": ("row", "image"),
    "base-pairing": ("sequence",),
}
"""The input types of each task of medai's own."""


def samples(
    task: str,
    inputs: str = "image",
    *,
    n: int = 8,
    seed: int = 0,
    size: tuple[int, ...] = (64, 64),
    channels: int = 1,
    classes: int = 2,
    unit: str = "0..1",
) -> Iterator[Sample[Any, Any]]:
    """`n` samples of a task.

    Args:
        task: one of medai's own, by its short name.
        inputs: `image`, `row` or `sequence`.
        n: how many.
        seed: other samples.
        size: of images: height and width, or depth, height and width, in pixels.
        channels: of images.
        classes: of labels, boxes and masks (there with the background, 0), and of values: how many.
        unit: of images: `0..1`, or `HU` for values like those of CT.

    Raises:
        UsageError: the task has no such input.
    """
    if inputs not in INPUTS_OF.get(task, ()):
        raise UsageError(f"there is no stub data for {task} of {inputs}; there is for {', '.join(INPUTS_OF)}")
    raise NotImplementedError


def batch(task: str, inputs: str = "image", *, n: int = 2, **options: Any) -> Batch[Any, Any]:
    """The samples as a batch; options as `samples` takes them."""
    return Batch.of(list(samples(task, inputs, n=n, **options)))
