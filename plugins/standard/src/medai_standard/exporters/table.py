"""Answers as one CSV table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from medai.errors import DataError
from medai.io import write_csv
from medai.tasks import Boxes, Cluster, Mask, Pairs, Sample, Scores, Value

Line = dict[str, Any]
_NAMES = ("case", "file")


class Csv:
    """All answers in `answers.csv`, by case id and, of a case that is one file, by the file's name in the column `file`. The names of
    DICOM files, which may be a patient's, stay out unless `identified`.

    | prediction | rows | columns |
    |---|---|---|
    | class probabilities | one | `class`, `name`, `p(NAME)` for each |
    | numbers | one | each by its name, else `value 1` and on |
    | cluster | one | `cluster` |
    | boxes | one for each, an empty one where there is none | `class`, `name`, `score`, `x0`, `y0`, `x1`, `y1` in pixels |
    | mask | one for each class in it | `class`, `name`, `pixels`, `size`, `unit`: mm2 or mm3, where the spacing is known |
    | base pairs | one | `structure` in dot-bracket notation |

    Args:
        classes: names of the classes; of masks the background's first.
        identified: name DICOM files as well.
    """

    def __init__(self, classes: tuple[str, ...] = (), identified: bool = False) -> None:
        self._classes, self._identified = classes, identified

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Something that a table can hold.

        Raises:
            DataError: it is not.
        """
        self._lines(sample, prediction)

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the table.

        Raises:
            DataError: a prediction is of none of these kinds.
        """
        lines = [{**self._named(sample), **line} for sample, prediction in rows for line in self._lines(sample, prediction)]
        found = dict.fromkeys(["case", *(column for line in lines for column in line)])
        columns = sorted(found, key=lambda name: name not in _NAMES)
        write_csv(folder / "answers.csv", columns, lines)
        return [folder / "answers.csv"]

    def _named(self, sample: Sample[Any, Any]) -> Line:
        files = () if sample.origin is None else sample.origin.files
        # DICOM alone has attributes of a header.
        known = len(files) == 1 and (self._identified or not (sample.origin and sample.origin.attributes))
        return {"case": sample.case.id, **({"file": files[0].name} if known else {})}

    def _lines(self, sample: Sample[Any, Any], prediction: Any) -> list[Line]:
        match prediction:
            case Scores(probabilities):
                most = int(probabilities.argmax())
                found = {f"p({self._name(index)})": float(value) for index, value in enumerate(probabilities)}
                return [{"class": most, "name": self._name(most), **found}]
            case Value(values, names):
                return [{names[index] if names else f"value {index + 1}": float(value) for index, value in enumerate(values)}]
            case Cluster(index):
                return [{"cluster": index}]
            case Pairs():
                return [{"structure": prediction.to_brackets()}]
            case Boxes():
                return list(self._boxes(prediction)) or [{}]
            case Mask():
                return list(self._sizes(prediction, sample))
        raise DataError(f"an answer of type {type(prediction).__name__} does not fit into a table")

    def _name(self, index: int) -> str:
        return self._classes[index] if index < len(self._classes) else str(index)

    def _boxes(self, found: Boxes) -> Iterator[Line]:
        scores = [None] * len(found) if found.scores is None else found.scores.tolist()
        for box, label, score in zip(found.boxes.tolist(), found.labels.tolist(), scores, strict=True):
            yield {"class": label, "name": self._name(label), "score": score, **dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))}

    def _sizes(self, mask: Mask, sample: Sample[Any, Any]) -> Iterator[Line]:
        axes, spacing = mask.labels.ndim, () if sample.origin is None else sample.origin.spacing
        counts = mask.labels.flatten().bincount(minlength=len(self._classes)).tolist()
        for label, count in enumerate(counts):
            if label and (count or label < len(self._classes)):
                size = count * math.prod(spacing) if len(spacing) == axes else None
                unit = "" if size is None else f"mm{axes}"
                yield {"class": label, "name": self._name(label), "pixels": count, "size": size, "unit": unit}
