"""A folder of images with boxes in one JSON file, as COCO writes them."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

from medai.errors import DataError
from medai.io import read_image, require_folder
from medai.tasks import Boxes, Case, Image, Sample
from medai_standard.datasets.files import case_of, cases_of, entries_under, entry_of
from medai_standard.datasets.stub import write_coco
from medai_standard.datasets.texts import json_of

NAMES = ("annotations.json", "_annotations.coco.json", "images/_annotations.coco.json", "instances.json")
Size = tuple[float, float]
Box = tuple[float, float, float, float, int]
"""x0, y0, x1, y1 and the class."""
_SLACK = 1.0
"""Pixels by which a box may leave its image: tools round."""


class Coco:
    """Images in `images/`, or beside it, and `annotations.json` (or `_annotations.coco.json`) with the lists `images`, `annotations` and
    `categories`.

    Boxes become x0 y0 x1 y1, and categories 0..n-1 in order of their ids. An image without annotations is a case without boxes. Crowd
    regions (`iscrowd`) are no single objects: they are left out, with a warning that counts them. Segmentations and keypoints are not
    read. Patients and the part of the split come from `cases.csv` or from folders beneath `images/`.

    Args:
        root: the folder.
        annotations: the JSON file in it; empty: by the names above.

    Raises:
        DataError: there is no such folder or file, or it is not COCO's; an annotation names an image that is not listed; an image is listed
            twice; or no case can be used.
    """

    def __init__(self, root: Path, annotations: str = "") -> None:
        self.root = require_folder(root)
        self.path = _file(self.root, annotations)
        folder = "images" if (self.root / "images").is_dir() else ""
        entries = entries_under(self.root, folder)
        held = _Annotations(self.path)
        self.classes = held.classes
        images = held.images(_places(entry.name for entry in entries))
        listed = {name for name, _ in images.values()}
        boxes, faults = held.boxes(images)
        entries = [entry if entry.name in listed else entry.failing(f"is not listed in {self.path.name}") for entry in entries]
        absent = [entry_of(self.root, folder, name) for name in sorted(listed - {entry.name for entry in entries})]
        entries += [entry.failing(f"is not there, though {self.path.name} lists it") for entry in absent]
        self._entries = cases_of(entry.failing(faults.get(entry.name, "")) for entry in entries)
        self._boxes = {id: boxes.get(entry.name, []) for id, entry in self._entries.items()}

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
            DataError: the image is not there, not listed or cannot be read; or a box has no area, leaves it, or is of an unknown category.
        """
        entry = self._entries[case.id]
        image = read_image(entry.require())
        return Sample(case, image, boxes_of(self._boxes[case.id], image, entry.path))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small PNG files, two of each patient, `annotations.json` with two categories, and `cases.csv`."""
        write_coco(root, n, seed)


def boxes_of(found: Sequence[Box], image: Image, path: Path) -> Boxes:
    """x0, y0, x1, y1 and class of each box as `Boxes`, cut to the image.

    Raises:
        DataError: a box leaves the image by more than a pixel.
    """
    height, width = image.pixels.shape[-2:]
    for x0, y0, x1, y1, _ in found:
        if min(x0, y0) < -_SLACK or x1 > width + _SLACK or y1 > height + _SLACK:
            raise DataError(f"the box {x0:g} {y0:g} {x1:g} {y1:g} leaves the image of {width} x {height} pixels", path)
    boxes = torch.tensor([box[:4] for box in found], dtype=torch.float32).reshape(-1, 4)
    limit = torch.tensor([width, height, width, height], dtype=torch.float32)
    return Boxes(boxes.clamp(min=0).minimum(limit), torch.tensor([box[4] for box in found], dtype=torch.int64))


def _places(names: Iterable[str]) -> dict[str, str]:
    """Each image by its name, and by that without the folders that it lies in, as files may be listed, unless two have it."""
    whole = list(names)
    shared = Counter(PurePosixPath(name).name for name in whole)
    short = {PurePosixPath(name).name: name for name in whole}
    return {name: place for name, place in short.items() if shared[name] == 1} | {name: name for name in whole}


class _Annotations:
    """The three lists of a COCO file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        held = json_of(path)
        if not isinstance(held, dict):
            raise DataError("not COCO's: an object with images, annotations and categories is wanted", path)
        self._lists = {name: _list(held, name, path) for name in ("images", "annotations", "categories")}
        named: dict[int, str] = {}
        for place, item in enumerate(self._lists["categories"]):
            id = self._integer(item, "id", f"categories[{place}]")
            if id in named:
                raise DataError(f"categories[{place}]: the id {id} stands twice", path)
            named[id] = str(item.get("name", id))
        if not named:
            raise DataError("no categories", path)
        self._class_of = {id: index for index, id in enumerate(sorted(named))}
        self.classes = tuple(named[id] for id in sorted(named))

    def images(self, names: Mapping[str, str]) -> dict[int, tuple[str, Size]]:
        """By id, an image's name in the folder, or as it is written where it is not there, and its width and height (infinite where the
        file does not say)."""
        found: dict[int, tuple[str, Size]] = {}
        taken: set[str] = set()
        for place, item in enumerate(self._lists["images"]):
            where = f"images[{place}]"
            id = self._integer(item, "id", where)
            written = str(item.get("file_name", "")).replace("\\", "/").removeprefix("./").removeprefix("images/")
            name = names.get(written, written)
            if not name:
                raise DataError(f"{where}: no file_name", self.path)
            if id in found or name in taken:
                raise DataError(f"{where}: {'the id' if id in found else 'the file of id'} {id} stands twice", self.path)
            taken.add(name)
            width, height = (next(_finite([item.get(key)]), math.inf) for key in ("width", "height"))
            found[id] = name, (width, height)
        return found

    def boxes(self, images: Mapping[int, tuple[str, Size]]) -> tuple[dict[str, list[Box]], dict[str, str]]:
        """Each image's boxes, x0 y0 x1 y1 and class; and of images with one that cannot be used, why."""
        found: dict[str, list[Box]] = {name: [] for name, _ in images.values()}
        faults: dict[str, str] = {}
        crowds = 0
        for place, item in enumerate(self._lists["annotations"]):
            where = f"annotations[{place}] (id {item.get('id')})"
            image = self._integer(item, "image_id", where)
            if image not in images:
                raise DataError(f"{where}: there is no image with the id {image}", self.path)
            if item.get("iscrowd"):
                crowds += 1
                continue
            name, size = images[image]
            try:
                found[name].append(self._box(item, size, where))
            except DataError as error:
                faults.setdefault(name, f"{self.path.name}, {error.reason}")
        if crowds:
            warnings.warn(f"{self.path.name}: {crowds} crowd regions are left out", stacklevel=2)
        return found, faults

    def _integer(self, item: Mapping[str, Any], key: str, where: str) -> int:
        value = item.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise DataError(f"{where}: {key} is {value!r}, a whole number is wanted", self.path)
        return value

    def _box(self, item: Mapping[str, Any], size: Size, where: str) -> Box:
        category, box = self._integer(item, "category_id", where), item.get("bbox")
        if category not in self._class_of:
            raise DataError(f"{where}: there is no category with the id {category}", self.path)
        numbers = list(_finite(box)) if isinstance(box, list) else []
        if len(numbers) != 4:
            raise DataError(f"{where}: bbox is {str(box)[:80]}, four numbers x y width height are wanted", self.path)
        x, y, width, height = numbers
        if width <= 0 or height <= 0 or x + width <= 0 or y + height <= 0 or x >= size[0] or y >= size[1]:
            raise DataError(f"{where}: the box {x:g} {y:g} {width:g} {height:g} has no area, or lies outside its image", self.path)
        return x, y, x + width, y + height, self._class_of[category]


def _file(root: Path, given: str) -> Path:
    for name in (given,) if given else NAMES:
        if (root / name).is_file():
            return root / name
    raise DataError(f"no {given or NAMES[0]} in it", root)


def _list(held: Mapping[str, Any], name: str, path: Path) -> list[Mapping[str, Any]]:
    value = held.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise DataError(f"not COCO's: {name!r} is no list of objects", path)
    return value


def _finite(values: Sequence[object]) -> Iterator[float]:
    """The numbers among values, as far as they are finite."""
    for value in values:
        # Beyond any size of an image: JSON's whole numbers have no limit, and those of floats overflow.
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9:
            yield float(value)
