"""Small folders of images in the layouts that the datasets here read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from medai.io import write_json, write_text
from medai_standard.datasets.drawing import CLASSES, Scene, draw

_SIZE = 64


def write_labelled(root: Path, n: int, seed: int) -> None:
    """`images/` and `labels.csv` with a class."""
    _write_table(root, n, seed, "label", lambda scene: CLASSES[int(scene.kinds[0])])


def write_measured(root: Path, n: int, seed: int) -> None:
    """`images/` and `labels.csv` with a number."""
    _write_table(root, n, seed, "area", lambda scene: f"{scene.area:.3f}")


def write_masked(root: Path, n: int, seed: int) -> None:
    """`images/`, `masks/` with 0 and 255, and `cases.csv`."""
    _write_folders(root, n, seed, {"images": lambda scene: scene.speckled, "masks": lambda scene: scene.labels})


def write_pairs(root: Path, n: int, seed: int) -> None:
    """`images/`, `clean/`, and `cases.csv`."""
    _write_folders(root, n, seed, {"images": lambda scene: scene.speckled, "clean": lambda scene: scene.clean})


def write_coco(root: Path, n: int, seed: int) -> None:
    """`images/`, `annotations.json`, and `cases.csv`."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for name, _, scene in _scenes(n, seed):
        images.append({"id": len(images) + 1, "file_name": name, "height": _SIZE, "width": _SIZE})
        for (x0, y0, x1, y1), kind in zip(scene.boxes.tolist(), scene.kinds.tolist(), strict=True):
            size = [x0, y0, x1 - x0, y1 - y0]
            annotation = {"id": len(annotations) + 1, "image_id": len(images), "category_id": kind + 1, "bbox": size, "iscrowd": 0}
            annotations.append({**annotation, "area": size[2] * size[3]})
    categories = [{"id": number + 1, "name": name} for number, name in enumerate(CLASSES)]
    _write_folders(root, n, seed, {"images": lambda scene: scene.speckled})
    write_json(root / "annotations.json", {"images": images, "annotations": annotations, "categories": categories})


def write_yolo(root: Path, n: int, seed: int) -> None:
    """`images/`, `labels/*.txt`, `classes.txt`, and `cases.csv`."""
    _write_folders(root, n, seed, {"images": lambda scene: scene.speckled})
    (root / "labels").mkdir()
    for name, _, scene in _scenes(n, seed):
        boxes = scene.boxes / _SIZE
        lines = [
            f"{kind} {(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}\n"
            for (x0, y0, x1, y1), kind in zip(boxes.tolist(), scene.kinds.tolist(), strict=True)
        ]
        write_text(root / "labels" / f"{Path(name).stem}.txt", "".join(lines))
    write_text(root / "classes.txt", "".join(f"{name}\n" for name in CLASSES))


def _scenes(n: int, seed: int) -> Iterator[tuple[str, str, Scene]]:
    """Name of the file, patient, scene: two of each patient, each patient of one kind."""
    for number in range(n):
        patient = number // 2
        yield f"{number:04d}.png", f"stub-{seed}-{patient}", draw(patient % 2, 1 + number % 2, _SIZE, np.random.default_rng([seed, number]))


def _write_table(root: Path, n: int, seed: int, column: str, value: Callable[[Scene], str]) -> None:
    rows = []
    for name, patient, scene in _scenes(n, seed):
        _write_picture(root / "images" / name, scene.speckled)
        rows.append((name, value(scene), patient))
    _write_rows(root / "labels.csv", ("file", column, "group"), rows)


def _write_folders(root: Path, n: int, seed: int, folders: dict[str, Callable[[Scene], Any]]) -> None:
    rows = []
    for name, patient, scene in _scenes(n, seed):
        for folder, pixels in folders.items():
            _write_picture(root / folder / name, pixels(scene))
        rows.append((name, patient))
    _write_rows(root / "cases.csv", ("file", "group"), rows)


def _write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    write_text(path, text.getvalue())


def _write_picture(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray((pixels * 255).round().astype(np.uint8)).save(path)
