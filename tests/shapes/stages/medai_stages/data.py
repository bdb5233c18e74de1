"""A disc (0) or a square (1) somewhere: generated, and as `.npy` images with `figures.csv`; and the view that crops it."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import pad

from medai.errors import DataError
from medai.io import read_image
from medai.tasks import Boxes, Case, Dataset, Image, Label, Run, Sample, View

Answer = Literal["box", "kind"]


def figure(seed: int, index: int) -> tuple[np.ndarray, tuple[float, float, float, float], int]:
    """An image, float32 (40, 40), the figure's box, and its kind."""
    rng = np.random.default_rng([seed, index])
    image, kind, (cx, cy) = rng.normal(0, 0.1, (40, 40)), index % 2, rng.integers(8, 32, 2)
    y, x = np.mgrid[:40, :40]
    far = np.maximum(abs(x - cx), abs(y - cy)) if kind else np.hypot(x - cx, y - cy)
    image[far < 7] += 1
    return image.astype(np.float32), (cx - 6.0, cy - 6.0, cx + 7.0, cy + 7.0), kind


def sample(case: Case, image: np.ndarray, box: Sequence[float], kind: int, answer: Answer) -> Sample:
    boxes = Boxes(torch.tensor([list(box)], dtype=torch.float32), torch.zeros(1, dtype=torch.int64))
    return Sample(case, Image(torch.from_numpy(image)[None], "0..1"), boxes if answer == "box" else Label(kind))


class Figures:
    """The generated figures.

    Args:
        answer: what is asked of a figure, its box or its kind.
        n: cases.
    """

    def __init__(self, answer: Answer, n: int = 48) -> None:
        self._answer = answer
        self._cases = [Case(f"f{index}", f"f{index}") for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, *figure(0, int(case.id[1:])), self._answer)


class FigureFolder:
    """Images and the table that says where the figures are.

    Args:
        root: the folder.
        answer: what is asked of a figure, its box or its kind.
    """

    def __init__(self, root: Path, answer: Answer) -> None:
        self._root, self._answer, path = Path(root), answer, Path(root) / "figures.csv"
        if not path.is_file():
            raise DataError("there is no such file", path)
        with path.open(newline="") as file:
            self._rows = {row["file"]: row for row in csv.DictReader(file)}

    def cases(self) -> Sequence[Case]:
        return [Case(name, name) for name in self._rows]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        row = self._rows[case.id]
        try:
            box, kind = [float(row[edge]) for edge in ("x0", "y0", "x1", "y1")], int(row["kind"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the row of {case.id} has no box or no kind: {error}", self._root / "figures.csv") from error
        return sample(case, read_image(self._root / case.id).pixels[0].numpy(), box, kind, self._answer)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        root.mkdir(parents=True, exist_ok=True)
        lines = ["file,x0,y0,x1,y1,kind"]
        for index in range(n):
            image, box, kind = figure(seed, index)
            np.save(root / f"{index}.npy", image)
            lines.append(f"{index}.npy,{','.join(map(str, box))},{kind}")
        (root / "figures.csv").write_text("\n".join(lines))


class Crops(View):
    """The 20 x 20 pixels around the best box that a detector finds; labelled or not, the answer stays.

    Args:
        source: whole images.
        detector: the run that finds boxes in them.
    """

    def __init__(self, source: Dataset, detector: Run) -> None:
        super().__init__(source)
        self._detector = detector

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        whole = self.source.read(case, rng)
        (found,) = self._detector.predict([whole])
        if not len(found):
            raise DataError(f"the detector found nothing in case {case.id}")
        x0, y0, x1, y1 = found.boxes[found.scores.argmax()].tolist()
        left, top = round((x0 + x1) / 2), round((y0 + y1) / 2)
        crop = pad(whole.inputs.pixels, (10, 10, 10, 10))[:, top : top + 20, left : left + 20]
        return Sample(case, Image(crop, whole.inputs.unit), whole.reference, whole.origin)
