"""A plugin of one file that folds sequences, so that what is typed can be answered."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Several
from pathlib import Path
from typing import Any

import numpy as np

from medai.api import DatasetSpec, ExporterSpec, ModelSpec, Recipe, Slot, Split, hookimpl, use
from medai.api import Protocol as Rules
from medai.errors import DataError, MemoryFault
from medai.io import open_sequences
from medai.tasks import Batch, Case, Dataset, Pairs, Sample, Sequence


class Strands:
    """Sequences whose ends pair."""

    def __init__(self, root: str | None = None) -> None:
        self._cases = [Case(f"c{n}", f"g{n}") for n in range(6)]

    def cases(self) -> Several[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Sequence, Pairs]:
        return Sample(case, Sequence("GAAAC"), Pairs(((0, 4),), 5))


class Uneven(Strands):
    """Some of the sequences are too long for `Ends`."""

    def __init__(self, root: str | None = None, long: Several[str] = ("c2",)) -> None:
        super().__init__()
        self._long = long

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Sequence, Pairs]:
        length = 60 if case.id in self._long else 5
        return Sample(case, Sequence("G" * length), Pairs(((0, length - 1),), length))


class Typed(Strands):
    """Reads what is typed by rules of its own: words, each after a prefix."""

    def __init__(self, root: str | None = None, prefix: str = "") -> None:
        super().__init__()

    @staticmethod
    def unlabelled_text(text: str, prefix: str = "") -> Dataset[Any, Any]:
        return open_sequences((), text="".join(f">{prefix}{word}\n{word}\n" for word in text.split()))


class Ends:
    """Pairs the first with the last letter; of a sequence that begins with X, with the last two. One of `most` letters is too long for
    it, one that begins with Y stands in a file that is bad, and at one that begins with Z it breaks."""

    def __init__(self, most: int = 50) -> None:
        self._answered, self._most = 0, most

    def notes(self) -> list[str]:
        return [f"{self._answered} answers are guesses"]

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        found = [_ends(item.letters, self._most) for item in batch.inputs]
        self._answered += len(found)
        return found


def _ends(letters: str, most: int) -> Pairs:
    if len(letters) >= most:
        raise MemoryFault(f"{len(letters)} letters need 1,000 GiB of memory")
    if letters.startswith("Y"):
        raise DataError("line 1: no number", "extra/y.txt")
    if letters.startswith("Z"):
        raise ValueError("Z is not known")
    last = len(letters) - 1
    return Pairs.of([(0, last), *([(0, last - 1)] if letters.startswith("X") else [])], len(letters), multiplets=True)


class Names:
    """Writes the ids of the cases, a line each."""

    def write(self, rows: Iterable[tuple[Sample[Sequence, Pairs], Pairs]], folder: Path) -> list[Path]:
        path = folder / "names.txt"
        path.write_text("".join(f"{sample.case.id}\n" for sample, _ in rows), encoding="utf-8")
        return [path]


@hookimpl
def medai_exporters() -> tuple[ExporterSpec, ...]:
    return (ExporterSpec(name="names", target="sequencetoys:Names", summary="the ids of the cases"),)


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return (
        DatasetSpec(name="strands", target="sequencetoys:Strands", summary="sequences", task="base-pairing", inputs=("sequence",)),
        DatasetSpec(name="uneven", target="sequencetoys:Uneven", summary="sequences", task="base-pairing", inputs=("sequence",)),
        DatasetSpec(name="typed", target="sequencetoys:Typed", summary="words", task="base-pairing", inputs=("sequence",)),
    )


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return (ModelSpec(name="ends", target="sequencetoys:Ends", summary="pairs the ends", task="base-pairing", inputs=("sequence",)),)


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    rules, model = Rules(split=Split(valid=0.0, test=0.5)), use("sequencetoys/ends")
    embedded = use("sequencetoys/strands")
    plain = {"strands": Slot(folder=embedded, embedded=embedded)}
    lengths, tested = use("sequencetoys/uneven"), Rules(split=Split(valid=0.0, test=0.9))
    uneven = {"strands": Slot(folder=lengths, embedded=lengths)}
    all_lengths, beside = use("sequencetoys/ends", most=100), (model, use("sequencetoys/ends", most=100))
    typed = {"strands": Slot(folder=use("sequencetoys/typed", prefix="w-"), embedded=embedded)}
    return (
        Recipe(name="ends", task="base-pairing", model=model, data=plain, protocol=rules),
        Recipe(name="uneven", task="base-pairing", model=model, data=uneven, protocol=tested),
        Recipe(name="beside", task="base-pairing", model=all_lengths, data=uneven, protocol=tested, baselines=beside),
        Recipe(name="typed", task="base-pairing", model=model, data=typed, protocol=rules),
    )
