"""Answers as derived DICOM series, and the model as two files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

import medai.api
from medai.errors import DataError
from medai.io import plane_headers, pseudonym, read_text, replacing, series_key, write_bytes, write_json, write_series
from medai.tasks import Batch, Image, ModelExporter, PredictionExporter, Predictor, Sample, Trained


class SeriesFiles(PredictionExporter):
    """A folder for each series."""

    def check(self, sample: Sample, prediction: Image) -> None:
        if sample.origin is None or not sample.origin.files:
            raise DataError("it was read from no file")

    def write(self, rows: Iterable[tuple[Sample, Image]], folder: Path) -> list[Path]:
        series: dict[Any, list[Image]] = {}
        for sample, prediction in rows:
            placed = Image(prediction.pixels, prediction.unit, sample.origin)
            series.setdefault(series_key(plane_headers(placed)[0]), []).append(placed)
        return [
            path
            for key, images in series.items()
            for path in write_series(folder / pseudonym(str(key), "series-"), images, description="cleaned", method="scans/clean")
        ]


class Tensors(ModelExporter):
    """`model.safetensors`, and beside it what builds the model again."""

    def write(self, model: Trained, batch: Batch, folder: Path) -> Path:
        path = folder / "model.json"
        write_bytes(folder / "model.safetensors", save(_flat(model.state)))
        write_json(path, {"model": model.use.id, "parameters": dict(model.use.params), "task": model.task, "about": dict(model.about)})
        with replacing(folder / "cases.txt") as temporary:
            temporary.write_text(" ".join(case.id for case in batch.cases))
        return path

    def open(self, path: Path) -> Predictor:
        record = json.loads(read_text(path))
        predictor = medai.api.predictor(record["model"], record["task"], **record["parameters"])
        predictor.load_state_dict(_nested(load((path.parent / "model.safetensors").read_bytes())))
        return predictor


def _flat(state: Mapping[str, Any], before: str = "") -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}/")
        elif isinstance(value, torch.Tensor):
            found[f"{before}{key}"] = value.contiguous()
    return found


def _nested(tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, tensor in tensors.items():
        *above, last = name.split("/")
        place = found
        for key in above:
            place = place.setdefault(key, {})
        place[last] = tensor
    return found
