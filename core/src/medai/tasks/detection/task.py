"""The task: boxes with classes and scores in an image."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from medai.api import Use, use
from medai.errors import DataError, PluginError
from medai.io import open_images, write_json
from medai.tasks._protocols import Dataset, Remark
from medai.tasks._records import Batch, Sample
from medai.tasks.detection.drawing import draw, name_of
from medai.tasks.detection.remarks import remarks_on
from medai.tasks.detection.types import Boxes
from medai.tasks.inputs import Image


class Detection:
    """Boxes with classes in an image; a plain module's output is one `Boxes` per image."""

    reference = Boxes
    prediction = Boxes
    metrics: tuple[Use, ...] = (use("medai/average-precision"),)

    def arguments(self, batch: Batch[Image, Boxes]) -> tuple[torch.Tensor]:
        """The pixels, float32 (B, C, H, W)."""
        return (batch.inputs.pixels,)

    def target(self, batch: Batch[Image, Boxes]) -> Any:
        """The boxes of each image, a list."""
        return batch.reference

    def predictions(self, output: Sequence[Boxes], batch: Batch[Image, Boxes]) -> list[Boxes]:
        """The module's boxes, on the CPU."""
        found = (boxes.to("cpu") for boxes in output)
        return [Boxes(each.boxes.detach(), each.labels, None if each.scores is None else each.scores.detach()) for each in found]

    def tensors(self, output: Sequence[Boxes]) -> dict[str, torch.Tensor]:
        """Of one image: `boxes` float32 (N, 4), `labels` int64 (N,) and `scores` float32 (N,).

        Raises:
            PluginError: the output is not one `Boxes` with scores.
        """
        if len(output) != 1 or not isinstance(output[0], Boxes) or output[0].scores is None:
            raise PluginError("boxes are exported from a batch of one image, with scores")
        return {"boxes": output[0].boxes.float(), "labels": output[0].labels.long(), "scores": output[0].scores.float()}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Image, Boxes]) -> list[Boxes]:
        """The boxes of the one image."""
        return [Boxes(*(tensors[name].detach().cpu() for name in ("boxes", "labels", "scores")))]

    def perfect(self, samples: Sequence[Sample[Image, Boxes]]) -> list[Boxes]:
        """The reference's boxes, each with a score of 1."""
        found = [sample.reference for sample in samples if sample.reference is not None]
        return [Boxes(each.boxes, each.labels, torch.ones(len(each))) for each in found]

    def check(self, sample: Sample[Image, Boxes]) -> None:
        """The image is finite float32 (C, H, W); boxes are in order and inside it, to a pixel.

        Raises:
            DataError: it is not so.
        """
        pixels, where = sample.inputs.pixels, f"case {sample.case.id}"
        if pixels.dtype != torch.float32 or pixels.ndim != 3:
            raise DataError(f"{where}: the image is {pixels.dtype} {tuple(pixels.shape)}, not float32 (C, H, W)")
        if not bool(torch.isfinite(pixels).all()):
            raise DataError(f"{where}: the image has pixels that are not finite")
        if sample.reference is None:
            return
        fault = _fault(sample.reference) or _outside(sample.reference, pixels)
        if fault:
            raise DataError(f"{where}: {fault}")

    def check_prediction(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> None:
        """Boxes in order, with scores from 0 to 1.

        Raises:
            PluginError: it is not so.
        """
        fault = _fault(prediction)
        if not fault and (prediction.scores is None or prediction.scores.shape != prediction.labels.shape):
            fault = "there is not one score per box"
        # NaN fails the comparison, as it should.
        if not fault and prediction.scores is not None and not bool(((prediction.scores >= 0) & (prediction.scores <= 1)).all()):
            fault = "a score is not between 0 and 1"
        if fault:
            raise PluginError(f"the prediction of case {sample.case.id}: {fault}")

    def draw(self, sample: Sample[Image, Boxes], prediction: Boxes, options: Mapping[str, Any]) -> Figure:
        """The image with the reference's boxes in green, and beside it with the predicted ones in orange, each with its class and score,
        over those of the reference, dashed.

        Options:
            classes: names of the classes.
            colours: a colour for each class by its name or number, such as `{malignant = "red", benign = "green"}`, in which its boxes are
                drawn on both sides.
            least: the lowest score drawn, default 0.3.
            window: lowest and highest value shown; default -160..240 for HU, 0..1 for that unit, else the middle 99 % of the values.
        """
        return draw(sample, prediction, options)

    def remarks(self, sample: Sample[Image, Boxes], prediction: Boxes, options: Mapping[str, Any]) -> Sequence[Remark]:
        """What the boxes that are drawn miss, call by another class's name, or show where nothing is: three kinds.

        A box finds the lesion that it overlaps most, whatever its class, by an IoU of at least 0.5, best scores first. False boxes and
        wrong names weigh as much as their score; a missed lesion weighs the more, the less sure the model was of it and the larger it is.

        Options:
            classes, least: as of `draw`.
        """
        return remarks_on(sample, prediction, options)

    def save(self, prediction: Boxes, sample: Sample[Image, Boxes], stem: Path, classes: Sequence[str] = ()) -> Path:
        """Write boxes, classes and scores as JSON, with each box's name where `classes` are known."""
        path = stem.with_name(stem.name + ".json")
        boxes, labels = _lists(prediction)
        scores = None if prediction.scores is None else prediction.scores.tolist()
        names = {"names": [name_of(classes, label) for label in labels]} if classes else {}
        write_json(path, {"case": sample.case.id, "boxes": boxes, "labels": labels, **names, "scores": scores})
        return path

    def load(self, path: Path) -> Boxes:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not there, or holds something else.
        """
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            boxes = torch.tensor(held["boxes"], dtype=torch.float32).reshape(-1, 4)
            scores = None if held["scores"] is None else torch.tensor(held["scores"], dtype=torch.float32)
            read = Boxes(boxes, torch.tensor(held["labels"], dtype=torch.int64), scores)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise DataError(f"no boxes in it ({type(error).__name__}: {error})", path) from error
        if fault := _fault(read):
            raise DataError(fault, path)
        return read

    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        """Images."""
        return open_images(paths)


def _fault(found: Boxes) -> str:
    """What is wrong with boxes in themselves, in words; nothing if nothing is."""
    boxes, labels = found.boxes, found.labels
    if boxes.dtype != torch.float32 or boxes.ndim != 2 or boxes.shape[1] != 4:
        return f"boxes are {boxes.dtype} {tuple(boxes.shape)}, not float32 (N, 4)"
    if labels.dtype != torch.int64 or labels.shape != boxes.shape[:1]:
        return f"classes are {labels.dtype} {tuple(labels.shape)}, not int64 ({len(boxes)},)"
    if not bool(torch.isfinite(boxes).all()):
        return "a box is not finite"
    if bool((boxes[:, 2:] < boxes[:, :2]).any()):
        return "a box is not x0 y0 x1 y1 with x0 <= x1 and y0 <= y1"
    return "a class is negative; classes count from 0" if bool((labels < 0).any()) else ""


def _outside(found: Boxes, pixels: torch.Tensor) -> str:
    height, width = pixels.shape[-2:]
    limit = torch.tensor([width, height, width, height]) + 1.0
    return f"a box leaves the image of {width} x {height} pixels" if bool(((found.boxes < -1) | (found.boxes > limit)).any()) else ""


def _lists(found: Boxes | None) -> tuple[list[list[float]], list[int]]:
    return ([], []) if found is None else (found.boxes.tolist(), found.labels.tolist())
