"""Exporters that say what they were given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medai.api import ExporterSpec, hookimpl
from medai.errors import DataError


@hookimpl
def medai_exporters() -> tuple[ExporterSpec, ...]:
    here = "exporttoys"
    return (
        ExporterSpec(name="texts", target=f"{here}:Texts", summary="a text for each case"),
        ExporterSpec(name="together", target=f"{here}:Together", summary="all cases in one file"),
        ExporterSpec(name="by-first", target=f"{here}:ByFirst", summary="a file for cases that begin alike"),
        ExporterSpec(name="numbered", target=f"{here}:Numbered", summary="files by number"),
        ExporterSpec(name="broken", target=f"{here}:Broken", summary="fails after its first file"),
        ExporterSpec(name="of-images", target=f"{here}:Texts", summary="of the run's own task", task="restoration"),
        ExporterSpec(name="of-boxes", target=f"{here}:Texts", summary="of another task", task="detection"),
        ExporterSpec(name="of-models", target=f"{here}:Texts", summary="of models", of="model"),
    )


class Texts:
    """A text for each case; an image that is all zero cannot be written."""

    def __init__(self, words: tuple[str, ...] = (), window: tuple[float, float] = (0.0, 1.0), recipe: str = "") -> None:
        self._text = f"{','.join(words)} {window} {recipe}"

    def check(self, sample: Any, prediction: Any) -> None:
        if not sample.inputs.pixels.any():
            raise DataError("is all zero")

    def write(self, rows: Iterable[tuple[Any, Any]], folder: Path) -> list[Path]:
        files = []
        for sample, _ in rows:
            folder.mkdir(exist_ok=True)
            files.append(folder / f"{sample.case.id}.txt")
            files[-1].write_text(self._text)
        return files


class Together:
    """One file that lists the cases."""

    def write(self, rows: Iterable[tuple[Any, Any]], folder: Path) -> list[Path]:
        path = folder / "all.txt"
        path.write_text(" ".join(sample.case.id for sample, _ in rows))
        return [path]


class ByFirst:
    """A file for all cases whose ids begin alike."""

    def write(self, rows: Iterable[tuple[Any, Any]], folder: Path) -> list[Path]:
        names = {f"{sample.case.id.rpartition('-')[0]}.txt" for sample, _ in rows}
        for name in names:
            (folder / name).write_text("some")
        (folder / "more.txt").write_text("more")
        return [folder / name for name in ("more.txt", *sorted(names))]


class Numbered:
    """Files for each case, by number, in the order of the cases."""

    def __init__(self, each: int = 1) -> None:
        self._each = each

    def write(self, rows: Iterable[tuple[Any, Any]], folder: Path) -> list[Path]:
        files = []
        for number, (sample, _) in enumerate(rows):
            for part in range(self._each):
                # The last case's file sorts first: what counts is the order in which they are given.
                files.append(folder / f"{9 - number}_{part}.txt")
                files[-1].write_text(sample.case.id)
        return files


class Broken:
    """Writes one file and fails."""

    def write(self, rows: Iterable[tuple[Any, Any]], folder: Path) -> list[Path]:
        (folder / "half.txt").write_text("half")
        raise ZeroDivisionError("no more")
