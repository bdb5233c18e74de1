"""Bright (class 0) and dark (class 1) squares: generated, and as `.npy` images with one COCO file, `annotations.json`."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.io import read_image, read_text
from medai.tasks import Boxes, Case, Image, Sample


def squares(seed: int, index: int) -> tuple[np.ndarray, list[tuple[int, int, int, int, int]]]:
    """An image, float32 (64, 64), and its squares as x, y, width, height, class; now and then none."""
    rng = np.random.default_rng([seed, index])
    image = rng.normal(0.5, 0.05, (64, 64)).astype(np.float32)
    found = []
    for corner in ((2, 2), (34, 30)):
        if rng.random() < 0.8:
            (x, y), side, kind = corner + rng.integers(0, 10, 2), int(rng.integers(10, 18)), int(rng.integers(0, 2))
            image[y : y + side, x : x + side] += -0.4 if kind else 0.4
            found.append((int(x), int(y), side, side, kind))
    return image, found


def sample(case: Case, image: np.ndarray, found: list[tuple[int, int, int, int, int]]) -> Sample:
    rows = torch.tensor(found, dtype=torch.float32).reshape(-1, 5)
    boxes = torch.cat([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1)
    return Sample(case, Image(torch.from_numpy(image)[None], "0..1"), Boxes(boxes, rows[:, 4].long()))


class Squares:
    """The generated images.

    Args:
        n: cases.
    """

    def __init__(self, n: int = 40) -> None:
        self._cases = [Case(f"i{index}", f"i{index}") for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, *squares(0, int(case.id[1:])))


class CocoFolder:
    """Images and the file that says where the squares are.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        path = Path(root) / "annotations.json"
        if not path.is_file():
            raise DataError("there is no such file", path)
        try:
            self._root, self._held = Path(root), json.loads(read_text(path))
        except json.JSONDecodeError as error:
            raise DataError(f"is no JSON: {error}", path) from error

    def cases(self) -> Sequence[Case]:
        return [Case(image["file_name"], image["file_name"]) for image in self._held["images"]]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        (id,) = (image["id"] for image in self._held["images"] if image["file_name"] == case.id)
        found = [(*item["bbox"], item["category_id"] - 1) for item in self._held["annotations"] if item["image_id"] == id]
        return sample(case, read_image(self._root / "images" / case.id).pixels[0].numpy(), found)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        held = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "bright"}, {"id": 2, "name": "dark"}]}
        (root / "images").mkdir(parents=True)
        for index in range(n):
            image, found = squares(seed, index)
            np.save(root / "images" / f"{index}.npy", image)
            held["images"].append({"id": index, "file_name": f"{index}.npy"})
            held["annotations"] += [{"image_id": index, "bbox": row[:4], "category_id": row[4] + 1} for row in found]
        (root / "annotations.json").write_text(json.dumps(held))
