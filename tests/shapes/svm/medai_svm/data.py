"""Two noisy rings: generated, and as `table.csv` with the columns id, x, y and label."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Case, Label, Row, Sample


def ring(seed: int, index: int) -> tuple[float, float, int]:
    """A point and which ring it is on."""
    rng = np.random.default_rng([seed, index])
    label = index % 2
    angle, radius = rng.uniform(0, 2 * np.pi), 1 + 1.2 * label + rng.normal(0, 0.3)
    return float(radius * np.cos(angle)), float(radius * np.sin(angle)), label


def sample(case: Case, x: float, y: float, label: int) -> Sample:
    return Sample(case, Row(torch.tensor([x, y]), ("x", "y")), Label(label))


class Rings:
    """The generated points.

    Args:
        n: cases.
    """

    def __init__(self, n: int = 120) -> None:
        self._cases = [Case(f"r{index}", f"r{index}") for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, *ring(0, int(case.id[1:])))


class Table:
    """Points from a file.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        path = Path(root) / "table.csv"
        if not path.is_file():
            raise DataError("there is no such file", path)
        with path.open(newline="") as file:
            self._rows = {row["id"]: row for row in csv.DictReader(file)}

    def cases(self) -> Sequence[Case]:
        return [Case(id, id) for id in self._rows]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        row = self._rows[case.id]
        return sample(case, float(row["x"]), float(row["y"]), int(row["label"]))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        root.mkdir(parents=True, exist_ok=True)
        # Both classes must stand in every part, however the rows are shared out.
        lines = [f"p{index},{x},{y},{label}\n" for index in range(3 * n) for x, y, label in [ring(seed, index)]]
        (root / "table.csv").write_text("id,x,y,label\n" + "".join(lines))
