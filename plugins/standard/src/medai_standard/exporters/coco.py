"""Boxes and masks as COCO's JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.io import write_text
from medai.tasks import Boxes, Mask, Sample


class CocoJson:
    """Boxes and planar masks as COCO has them: `images.json` (images and categories) and `results.json`, which `loadRes` reads.

    An image's `file_name` is its case id, and a category's id is the class and one, so that class 0 of boxes is category 1; of masks,
    whose class 0 is the background, category 1 is class 1. A mask is one result for each class, run-length encoded, with score 1.

    Args:
        classes: names of the classes; of masks the background's first.
    """

    def __init__(self, classes: tuple[str, ...] = ()) -> None:
        self._classes = classes

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Boxes, or the mask of a plane.

        Raises:
            DataError: it is something else.
        """
        if not isinstance(prediction, Boxes) and not (isinstance(prediction, Mask) and prediction.labels.ndim == 2):
            raise DataError("COCO holds boxes and masks of planes")

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write both files.

        Raises:
            DataError: a prediction is neither boxes nor the mask of a plane.
        """
        images: list[dict[str, Any]] = []
        results: list[dict[str, Any]] = []
        names: tuple[str, ...] = self._classes
        for number, (sample, prediction) in enumerate(rows, start=1):
            self.check(sample, prediction)
            height, width = (int(size) for size in sample.inputs.pixels.shape[-2:])
            images.append({"id": number, "file_name": sample.case.id, "height": height, "width": width})
            names = self._classes[1:] if isinstance(prediction, Mask) else self._classes
            found = _regions(prediction) if isinstance(prediction, Mask) else _boxes(prediction)
            results += [{"image_id": number, **result} for result in found]
        count = max([len(names), *(result["category_id"] for result in results)])
        categories = [{"id": index + 1, "name": names[index] if index < len(names) else f"class {index + 1}"} for index in range(count)]
        document = {"info": {"description": "predictions of medai"}, "images": images, "categories": categories, "annotations": []}
        files = [folder / "images.json", folder / "results.json"]
        for path, content in zip(files, (document, results), strict=True):
            write_text(path, json.dumps(content, allow_nan=False))
        return files


def _boxes(found: Boxes) -> Iterator[dict[str, Any]]:
    scores = [1.0] * len(found) if found.scores is None else found.scores.tolist()
    for (x0, y0, x1, y1), label, score in zip(found.boxes.tolist(), found.labels.tolist(), scores, strict=True):
        yield {"category_id": label + 1, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}


def _regions(mask: Mask) -> Iterator[dict[str, Any]]:
    from pycocotools import mask as coco

    labels = mask.labels.numpy()
    for label in np.unique(labels[labels > 0]).tolist():
        encoded = coco.encode(np.asfortranarray(labels == label, dtype=np.uint8))
        box = [float(value) for value in coco.toBbox(encoded)]
        text = {"size": [int(size) for size in encoded["size"]], "counts": encoded["counts"].decode("ascii")}
        yield {"category_id": label, "segmentation": text, "bbox": box, "score": 1.0}
