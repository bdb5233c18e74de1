"""Boxes as text files, as YOLO's tools write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from medai.errors import DataError
from medai.io import write_text
from medai.tasks import Boxes, Image, Sample
from medai_standard.datasets.files import stem_of
from medai_standard.datasets.yolo import CLASSES
from medai_standard.exporters.naming import Names


class YoloText:
    """Boxes as YOLO's tools write them: in `labels/` a text file for each image, and in `classes.txt` the names of the classes, one a line.

    A line per box, best scores first, has the class, the centre and the size in parts of the image's width and height, and the score:
    `class cx cy w h score`. Boxes are cut at the image's borders; one without an area there is no box in this format and is left out.

    A text file bears the name of its picture, so that beside `images/` the folder is one that `standard/yolo-text` reads. Where that name
    is another picture's too, or a DICOM file's, which may be a patient's, it bears the case's id; `predictions.csv` says which is whose.

    Args:
        classes: names of the classes, in the order of their numbers; default `class 0` and on.
        least: lowest score of a box that is written.
        scores: whether the score stands behind each box; without it, the boxes are such as a person draws.
    """

    def __init__(self, classes: tuple[str, ...] = (), least: float = 0.0, scores: bool = True) -> None:
        self._classes, self._least, self._scores = classes, least, scores

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Boxes in a plane.

        Raises:
            DataError: it is something else.
        """
        if not isinstance(prediction, Boxes) or not isinstance(sample.inputs, Image) or sample.inputs.pixels.ndim != 3:
            raise DataError("YOLO's text files hold boxes in planes")

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the text files, a file for each case, and the classes, last.

        Raises:
            DataError: a prediction is no boxes in a plane.
        """
        cases: list[tuple[str, str]] = []
        texts, count = [], len(self._classes)
        for sample, prediction in rows:
            self.check(sample, prediction)
            cases.append((sample.case.id, _picture(sample)))
            texts.append(self._text(prediction, sample.inputs.pixels.shape))
            count = max(count, *(prediction.labels + 1).tolist(), 1)
        files = [folder / "labels" / f"{name}.txt" for name in _names(cases)]
        for path, text in zip(files, texts, strict=True):
            write_text(path, text)
        names = [" ".join(self._classes[label].split()) if label < len(self._classes) else f"class {label}" for label in range(count)]
        write_text(folder / CLASSES, "\n".join(names) + "\n")
        return [*files, folder / CLASSES]

    def _text(self, found: Boxes, shape: Sequence[int]) -> str:
        height, width = shape[-2:]
        scores = torch.ones(len(found)) if found.scores is None else found.scores
        corners = (found.boxes.double() / torch.tensor([width, height, width, height])).clamp(0, 1)
        sizes = corners[:, 2:] - corners[:, :2]
        # In the scores' own precision, in which 0.7 is 0.7 or more.
        kept = (scores >= scores.new_tensor(self._least)) & (sizes > 0).all(1)
        table = torch.cat([corners[:, :2] + sizes / 2, sizes, *([scores[:, None]] if self._scores else [])], 1)
        order = [place for place in scores.argsort(descending=True, stable=True).tolist() if kept[place]]
        lines = [" ".join([str(int(found.labels[place])), *(f"{number:.8f}" for number in table[place].tolist())]) for place in order]
        # A line without a box in place of an empty file, which would look like one that was cut off.
        return "\n".join(lines) + "\n"


def _picture(sample: Sample[Any, Any]) -> str:
    """The name of the picture that a case was read from, without its suffix; empty where there is none that may be said."""
    origin = sample.origin
    if origin is None or len(origin.files) != 1 or origin.attributes:  # DICOM alone has attributes of a header
        return ""
    return stem_of(origin.files[0].name)


def _names(cases: Sequence[tuple[str, str]]) -> list[str]:
    """A file's name for each case (id, picture)."""
    alike, own = Counter(picture for _, picture in cases), Names()
    for picture in alike:
        own.of(picture)  # which no case then takes
    return [picture if picture and alike[picture] == 1 else own.of(case) for case, picture in cases]
