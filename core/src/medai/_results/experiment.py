"""The folder of an experiment: one recipe, run once for each of several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._results.folder import EXPERIMENT, FORMAT, RunFolder, read_json
from medai.errors import DataError


@dataclass(frozen=True)
class ExperimentFolder:
    """An experiment's folder: a run folder for each seed, and what they came to together."""

    root: Path

    @property
    def record(self) -> Path:
        """Recipe, options, and the status of each seed."""
        return self.root / EXPERIMENT

    @property
    def exists(self) -> bool:
        """Whether an experiment is here."""
        return self.record.exists()

    def run(self, seed: int) -> RunFolder:
        """The run of a seed."""
        return RunFolder(self.root / f"seed-{seed}")

    def read_record(self) -> dict[str, Any]:
        """`experiment.json`.

        Raises:
            DataError: it is not there, not JSON, or of a later format.
        """
        record = read_json(self.record, f"not an experiment: it has no {EXPERIMENT}")
        if record.get("format", 0) > FORMAT:
            raise DataError(f"written by a newer medai (format {record['format']}, this one reads {FORMAT})", self.root)
        return record

    def finished(self) -> list[RunFolder]:
        """The runs that are finished, in order."""
        return [self.run(item["seed"]) for item in self.read_record()["seeds"] if item["status"] == "finished"]

    def missing(self) -> list[Mapping[str, Any]]:
        """The seeds that are not finished, as the record has them."""
        seeds: Sequence[Mapping[str, Any]] = self.read_record()["seeds"]
        return [item for item in seeds if item["status"] != "finished"]
