"""Answers for programs outside medai."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medai.errors import DataError
from medai.tasks import Image, Mask, Sample

from medai_example_thirdparty.datasets.outlines import traced, write_outline


class ContourFiles:
    """The outline of each answer as `CASE.txt`, for a person to mend and the dataset `contours` to read again."""

    def write(self, rows: Iterable[tuple[Sample[Image, Mask], Mask]], folder: Path) -> list[Path]:
        """Write every prediction; the files, in order."""
        files: dict[Path, None] = {}
        for sample, prediction in rows:
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", sample.case.id)
            path = folder / f"{name}.txt"
            # Two cases may differ in nothing but a sign that no file name has.
            path = path if path not in files else folder / f"{name}-{len(files)}.txt"
            files[write_outline(path, traced(prediction.labels))] = None
        return list(files)

    def check(self, sample: Sample[Image, Any], prediction: Any) -> None:
        """Of whole volumes, and of answers of other tasks, there is no outline.

        Raises:
            DataError: the prediction is not a mask of a plane.
        """
        if not isinstance(prediction, Mask) or prediction.labels.ndim != 2:
            raise DataError(f"case {sample.case.id} has no mask of a plane to draw the outline of")
