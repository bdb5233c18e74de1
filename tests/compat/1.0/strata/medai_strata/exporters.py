"""Answers as a table, whatever they are."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from medai.errors import EnvironmentFault
from medai.io import write_csv
from medai.tasks import Sample


class Rows:
    def write(self, rows: Iterable[tuple[Sample, Any]], folder: Path) -> list[Path]:
        if not folder.is_dir():
            raise EnvironmentFault(f"{folder} is no folder")
        path = folder / "answers.csv"
        told = [
            {"case": sample.case.id, **{field.name: getattr(answer, field.name) for field in fields(answer)}} for sample, answer in rows
        ]
        write_csv(path, list(told[0]), told)
        return [path]
