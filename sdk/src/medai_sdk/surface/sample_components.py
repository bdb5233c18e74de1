"""What the sample plugin's specs name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from medai.errors import DataError
from medai.io import read_text, write_text
from medai.tasks import Case, Row, Run, Sample, Value, View


class Points:
    """Files `points/NUMBER.txt` with two numbers each; the one that holds something else is left out of a run."""

    def __init__(self, root: Path) -> None:
        self._files = {path.stem: path for path in sorted(Path(root).glob("*.txt"))}

    def cases(self) -> Sequence[Case]:
        """A case for each file."""
        return [Case(name, name) for name in self._files]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, Value]:
        """A number, and the one that belongs to it."""
        try:
            x, y = map(float, read_text(self._files[case.id]).split())
        except ValueError as error:
            raise DataError("two numbers are wanted", self._files[case.id]) from error
        return Sample(case, Row(torch.tensor([x]), ("x",)), Value(torch.tensor([y]), ("y",)))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """Points, and a bad file."""
        root.mkdir(parents=True, exist_ok=True)
        for index in range(max(24, n)):
            write_text(root / f"{index:02d}.txt", f"{index / 8} {index / 4}")
        write_text(root / "99.txt", "?")


class Residuals(View):
    """Rows that a run of another recipe has answered too."""

    def __init__(self, source: Any, run: Run) -> None:
        super().__init__(source)
        self._run = run

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The row less what the run says."""
        sample = self.source.read(case, rng)
        (answer,) = self._run.predict([sample])
        return Sample(case, Row(sample.inputs.values - answer.values, sample.inputs.names), sample.reference)


class Line(nn.Module):
    """Takes and gives (B, 1)."""

    def __init__(self, slope: float = 0.0) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))
        self.shift = nn.Parameter(torch.tensor(0.1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The line's values."""
        return values * self.slope + self.shift


class Lines:
    """A line of text for each prediction."""

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """One file."""
        path = folder / "lines.txt"
        write_text(path, "\n".join(f"{sample.case.id} {answer.values.tolist()}" for sample, answer in rows))
        return [path]
