"""The run folder: where each file of a run stands, and the lock that keeps two processes out of one run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from medai.errors import DataError, EnvironmentFault, UsageError

FORMAT = 1
EXPERIMENT = "experiment.json"
_PATIENCE = 8.0


@dataclass(frozen=True)
class RunFolder:
    """A run's folder; every file that a run reads or writes has its place here."""

    root: Path

    @property
    def record(self) -> Path:
        """Resolved configuration, versions, device, seed, data, notes and status."""
        return self.root / "run.json"

    @property
    def split(self) -> Path:
        """The role of each case and group."""
        return self.root / "split.json"

    @property
    def journal(self) -> Path:
        """A line per logged step and per validation."""
        return self.root / "metrics.jsonl"

    @property
    def cases(self) -> Path:
        """A row per predictor and case."""
        return self.root / "cases.csv"

    @property
    def summary(self) -> Path:
        """The figures, with intervals."""
        return self.root / "summary.json"

    @property
    def resamples(self) -> Path:
        """The figures of each resample, from which the intervals are; not there where no figure has any."""
        return self.root / "resamples.npz"

    @property
    def last(self) -> Path:
        """The newest checkpoint, from which a run is resumed."""
        return self.root / "checkpoints" / "last.safetensors"

    @property
    def best(self) -> Path:
        """The checkpoint with the best validation figure, which is evaluated."""
        return self.root / "checkpoints" / "best.safetensors"

    @property
    def predictions(self) -> Path:
        """A file per test case."""
        return self.root / "predictions"

    @property
    def charts(self) -> Path:
        """Pictures that metrics drew, such as curves."""
        return self.root / "charts"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.root / "report.html"

    @property
    def stub(self) -> Path:
        """Stub data, when the run was made on them."""
        return self.root / "stub"

    @property
    def scratch(self) -> Path:
        """A learner's own files."""
        return self.root / "scratch"

    @property
    def begun(self) -> bool:
        """Whether anything was learnt or answered here, or in an earlier stage."""
        own = self.journal.exists() or self.last.exists() or self.predictions.exists()
        return own or any(RunFolder(root).begun for root in (self.root / "upstream").glob("*"))

    def upstream(self, name: str) -> RunFolder:
        """The folder of an earlier stage."""
        return RunFolder(self.root / "upstream" / name)

    def read_journal(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`; none where nothing was learnt by steps."""
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]

    def read_record(self) -> dict[str, Any]:
        """`run.json`.

        Raises:
            DataError: it is not there, not JSON, or of a later format.
        """
        if not self.root.is_dir():
            raise DataError(f"not a run folder: {'it is a file' if self.root.exists() else 'there is no such folder'}", self.root)
        several = "; it holds an experiment, a run for each seed" if (self.root / EXPERIMENT).exists() else ""
        record = read_json(self.record, f"not a run folder: it has no run.json{several}")
        if record.get("format", 0) > FORMAT:
            raise DataError(f"written by a newer medai (format {record['format']}, this one reads {FORMAT})", self.root)
        return record

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder.

        Raises:
            EnvironmentFault: another process holds it, or it cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / ".lock")
            # Loader processes of a run that was killed hold the lock until they notice, some seconds later.
            with lock.acquire(timeout=_PATIENCE):
                yield
        except Timeout:
            raise EnvironmentFault(f"{self.root}: the run folder is in use by another process") from None
        except PermissionError as error:
            raise EnvironmentFault(f"{self.root}: {error.strerror}") from error


def new_folder(parent: Path, name: str) -> RunFolder:
    """A fresh folder `NAME-DATE-TIME` in `parent`, numbered where that is taken."""
    stem = f"{safe_name(name)}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for number in range(1, 1000):
        root = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            root.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise EnvironmentFault(f"{root}: the run folder cannot be made: {error.strerror}") from error
        return RunFolder(root)
    raise UsageError(f"{parent}: too many runs called {stem}")


def safe_name(text: str) -> str:
    """`text` as a file name: letters, digits, dot, hyphen and underscore."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "unnamed"


def read_json(path: Path, absent: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        DataError: the file is not there (`absent` says what that means) or is not JSON.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(absent, path.parent) from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", path) from error
    if not isinstance(content, dict):
        raise DataError("cannot be read: it holds no JSON object", path)
    return content
