"""Points in three heaps: generated, and as `table.csv` with the columns id, a, b, class and number."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from medai.errors import DataError, UsageError
from medai.io import open_rows, read_text, write_csv
from medai.tasks import Case, Dataset, Label, Row, Run, Sample, Value, View

Answer = Literal["class", "number"]


def point(seed: int, index: int) -> tuple[float, float, int]:
    rng, kind = np.random.default_rng([seed, index]), index % 3
    a, b = np.array([(0, 0), (4, 0), (0, 4)][kind]) + rng.normal(0, 0.5, 2)
    return float(a), float(b), kind


def sample(case: Case, a: float, b: float, kind: int, number: float, answer: Answer) -> Sample:
    row = Row(torch.tensor([a, b], dtype=torch.float32), ("a", "b"))
    return Sample(case, row, Label(kind) if answer == "class" else Value(torch.tensor([number]), ("sum",)))


class Blobs:
    single_subject = False

    def __init__(self, answer: Answer, n: int = 48) -> None:
        if n < 6:
            raise UsageError(f"n = {n}: two points of each heap at least")
        self._answer, self._n = answer, n

    @property
    def facts(self) -> Mapping[str, object]:
        return {"model.count": 3}

    def cases(self) -> Sequence[Case]:
        return [Case(f"b{index}", f"b{index}") for index in range(self._n)]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        a, b, kind = point(0, int(case.id[1:]))
        return sample(case, a, b, kind, a + b, self._answer)


class Table:
    def __init__(self, root: Path, answer: Answer) -> None:
        path = Path(root) / "table.csv"
        self._answer = answer
        self._rows = {row["id"]: row for row in csv.DictReader(io.StringIO(read_text(path)))}
        if not self._rows:
            raise DataError("it has no rows", path)

    @property
    def facts(self) -> Mapping[str, object]:
        return {"model.count": len({row["class"] for row in self._rows.values()})}

    def cases(self) -> Sequence[Case]:
        return [Case(id, id, split=row.get("part") or None) for id, row in self._rows.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        row = self._rows[case.id]
        try:
            return sample(case, float(row["a"]), float(row["b"]), int(row["class"]), float(row["number"]), self._answer)
        except ValueError as error:
            raise DataError(f"the row {case.id} holds no numbers") from error

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        Path(root).mkdir(parents=True, exist_ok=True)
        rows = [
            {"id": f"p{index}", "a": a, "b": b, "class": kind, "number": a + b}
            for index in range(4 * n)
            for a, b, kind in [point(seed, index)]
        ]
        write_csv(Path(root) / "table.csv", list(rows[0]), rows)

    @staticmethod
    def unlabelled(paths: Sequence[Path], answer: Answer) -> Dataset:
        return _Given(open_rows(paths))


class _Given(View):
    """Of rows with further columns, a and b."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        row = self.source.read(case, rng).inputs
        if not {"a", "b"} <= set(row.names):
            raise DataError(f"the row {case.id} has no a or no b")
        return Sample(case, Row(row.values[[row.names.index("a"), row.names.index("b")]], ("a", "b")))


class Placed(View):
    """A further column: the group that an earlier run puts the row in."""

    def __init__(self, source: Dataset, groups: Run) -> None:
        super().__init__(source)
        self.groups = groups

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        given = self.source.read(case, rng)
        (group,) = self.groups.predict([given])
        values = torch.cat([given.inputs.values, torch.tensor([float(group.index)])])
        return Sample(given.case, Row(values, (*given.inputs.names, "group")), given.reference, given.origin)
