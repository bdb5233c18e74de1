"""A folder of images with a text file of boxes for each, as YOLO's tools write them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io import read_image, read_text
from medai.tasks import Boxes, Case, Image, Sample
from medai_standard.datasets.coco import boxes_of
from medai_standard.datasets.files import case_of, cases_of, entries_under, entry_of, stem_of
from medai_standard.datasets.stub import write_yolo

CLASSES = "classes.txt"
_SLACK = 1e-3


class YoloText:
    """Images in `images/`, and in `labels/` a text file of the same name for each: a line per box with the class, the centre and the
    size, `class cx cy w h`, in parts of the image's width and height. `classes.txt` has the classes' names, one a line. A sixth number,
    the score that a detector wrote, is passed over: its boxes are taken as they stand.

    An image without a text file has no boxes. Patients and the part of the split come from `cases.csv` or from folders beneath
    `images/` (`images/train/...` with `labels/train/...`).

    Args:
        root: the folder.

    Raises:
        DataError: a folder or `classes.txt` is missing or empty, or no case can be used.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        entries = entries_under(self.root, "images")
        self.classes = tuple(line.strip() for line in read_text(self.root / CLASSES).splitlines() if line.strip())
        if not self.classes:
            raise DataError("no class", self.root / CLASSES)
        home = self.root / "labels"
        if not home.is_dir():
            raise DataError("no folder 'labels' in it", self.root)
        found = {stem_of(path.relative_to(home).as_posix()): path for path in sorted(home.rglob("*.txt")) if path.name != CLASSES}
        alone = sorted(found.keys() - {entry.stem for entry in entries})
        without = "has no image of its name in images/"
        entries += [replace(entry_of(self.root, "images", stem), path=found[stem], fault=without) for stem in alone]
        self._entries = cases_of(entries)
        self._texts = {id: found.get(entry.stem) for id, entry in self._entries.items()}

    @property
    def facts(self) -> Mapping[str, object]:
        """The classes: how many and their names."""
        return {"model.classes": len(self.classes), "protocol.options.classes": list(self.classes)}

    def cases(self) -> Sequence[Case]:
        """A case per image, in order of name."""
        return [case_of(id, entry) for id, entry in self._entries.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        """The image and its boxes.

        Raises:
            DataError: the image is not there, it or the text cannot be read, a line is wrong, or a box leaves the image.
        """
        entry, text = self._entries[case.id], self._texts[case.id]
        image = read_image(entry.require())
        height, width = image.pixels.shape[-2:]
        parts = [] if text is None else _boxes(text, len(self.classes))
        found = [(x0 * width, y0 * height, x1 * width, y1 * height, label) for x0, y0, x1, y1, label in parts]
        return Sample(case, image, boxes_of(found, image, entry.path))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small PNG files, two of each patient, their text files, `classes.txt` and `cases.csv`."""
        write_yolo(root, n, seed)


def _boxes(path: Path, classes: int) -> list[tuple[float, float, float, float, int]]:
    """x0, y0, x1, y1 in parts of the image, and the class."""
    found = []
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        words = text.split()
        if not words:
            continue
        try:
            label, (x, y, width, height, *score) = int(words[0]), map(float, words[1:])
            if len(score) > 1 or not all(0 <= each <= 1 for each in score):
                raise ValueError
        except ValueError:
            raise DataError(f"line {line}: {text[:80]!r} is not `class cx cy w h`, or with a score from 0 to 1 behind it", path) from None
        if not 0 <= label < classes:
            raise DataError(f"line {line}: class {label}, of {classes} in {CLASSES}", path)
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        inside = all(math.isfinite(value) and -_SLACK <= value <= 1 + _SLACK for value in box)
        if not inside or width <= 0 or height <= 0:
            raise DataError(f"line {line}: the box {text[:80]!r} has no area, or leaves the image: parts of 1 are wanted", path)
        found.append((*box, label))
    return found
