"""Predictions as files."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai.errors import DataError
from medai.io import replacing, write_image
from medai.tasks import Image, Sample
from medai_standard.exporters.naming import Names

_COLUMNS = ("case", "file", "kind")


class Predictions:
    """Every prediction in a file of its kind, and `index.csv` (case, file, kind), in the order of the cases.

    | prediction | file |
    |---|---|
    | image of unit `0..1`, grey or colour plane | `.png`, 8 bits |
    | another image of one channel whose place is known | `.nii.gz` on the input's grid, its unit noted |
    | any other image | `.npy`, float32 |
    | anything else | `.json`: a dataclass by its fields, tensors and arrays as nested lists |
    """

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the predictions and the index; return the files, the index last.

        Raises:
            DataError: a prediction cannot be written as JSON.
            EnvironmentFault: the disk is full.
        """
        folder.mkdir(parents=True, exist_ok=True)
        names, files = Names(), []  # type: tuple[Names, list[Path]]
        index = io.StringIO()
        table = csv.writer(index, lineterminator="\n")
        table.writerow(_COLUMNS)
        for sample, prediction in rows:
            path = _write(prediction, sample, folder / names.of(sample.case.id))
            files.append(path)
            table.writerow((sample.case.id, path.name, type(prediction).__name__))
        with replacing(folder / "index.csv") as temporary:
            temporary.write_text(index.getvalue(), encoding="utf-8")
        return [*files, folder / "index.csv"]


def _write(prediction: Any, sample: Sample[Any, Any], stem: Path) -> Path:
    if isinstance(prediction, Image):
        return write_image(stem.parent / (stem.name + _suffix(prediction, sample)), prediction, sample.origin)
    path = stem.parent / f"{stem.name}.json"
    try:
        text = json.dumps(_plain(prediction), indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"a {type(prediction).__name__} cannot be written as JSON: {error}", path) from error
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return path


def _suffix(image: Image, sample: Sample[Any, Any]) -> str:
    if image.unit == "0..1" and image.pixels.ndim == 3 and image.pixels.shape[0] in (1, 3):
        return ".png"
    placed = sample.origin is not None and sample.origin.affine is not None and image.pixels.shape[0] == 1
    return ".nii.gz" if placed else ".npy"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().tolist()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
