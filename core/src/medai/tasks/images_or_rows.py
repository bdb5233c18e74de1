"""What tasks share that answer about a case as a whole, whether it is an image, a volume or a row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes

from medai.errors import DataError, PluginError
from medai.io import open_images, open_rows
from medai.tasks._protocols import Dataset
from medai.tasks._records import Sample
from medai.tasks.inputs import Image, Row

Given = Image | Row
"""What such a task is given."""

_TABLES = frozenset({".csv"})
_MOST_NAMED = 30


def tensor_of(inputs: object) -> torch.Tensor:
    """What a plain module is called with: the pixels of images, (B, C, H, W) or (B, C, D, H, W), or the values of rows, (B, F).

    Raises:
        PluginError: the input is of another type.
    """
    match inputs:
        case Image():
            return inputs.pixels
        case Row():
            return inputs.values
    raise PluginError(f"a plain module cannot be given {type(inputs).__name__}: offer predict and training_step instead")


def check_input(sample: Sample[Any, Any]) -> None:
    """The input is float32, an image channel first and finite; values of a row may be missing.

    Raises:
        DataError: it is not so.
    """
    values = tensor_of(sample.inputs)
    shapes, wanted = ((3, 4), "(C, H, W) or (C, D, H, W)") if isinstance(sample.inputs, Image) else ((1,), "(F,)")
    if values.dtype != torch.float32 or values.ndim not in shapes or not values.numel():
        raise DataError(f"case {sample.case.id}: the input is {values.dtype} {tuple(values.shape)}, not float32 {wanted}")
    if isinstance(sample.inputs, Image) and not bool(torch.isfinite(values).all()):
        raise DataError(f"case {sample.case.id}: the image has pixels that are not finite")


def show(axes: Axes, inputs: Given) -> None:
    """Draw the input: a plane, of a volume the middle one; of a row a bar per value, from top to bottom, named where they are few."""
    if isinstance(inputs, Image):
        pixels = inputs.pixels[0].numpy()
        axes.imshow(pixels[len(pixels) // 2] if pixels.ndim == 3 else pixels, cmap="gray")
        axes.axis("off")
        return
    axes.barh(range(len(inputs.names)), inputs.values.nan_to_num().tolist(), color="#b8c4d0")
    axes.invert_yaxis()
    if len(inputs.names) <= _MOST_NAMED:
        axes.set_yticks(range(len(inputs.names)), list(inputs.names))
    else:
        axes.set_ylabel(f"{len(inputs.names)} columns")


def open_images_or_rows(paths: Sequence[Path]) -> Dataset[Any, Any]:
    """Rows of CSV files, or images; one kind at a time.

    Raises:
        DataError: both kinds are given, or a file cannot be used.
    """
    tables = [path for path in paths if path.suffix.lower() in _TABLES]
    if tables and len(tables) < len(paths):
        raise DataError(f"tables and images cannot be opened together ({tables[0].name} and others)")
    return open_rows(paths) if tables else open_images(paths)
