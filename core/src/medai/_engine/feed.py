"""Cases of one part of the split, read by loader processes in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import copy
import hashlib
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random.bit_generator import ISeedSequence
from torch.utils.data import DataLoader

from medai._memory import ran_out_of_memory
from medai._words import counted
from medai.errors import DataError, MedaiError, MemoryFault, PluginError
from medai.tasks import Batch, Case, Dataset, Sample, Task

_NAMED = 3
"""Lost cases that an error names."""
Index = tuple[int, int]
"""Epoch and place of a case."""


@dataclass(frozen=True)
class Refusal:
    """A case that could not be read, why, and the file at fault, which a run folder does not name."""

    case: str
    reason: str
    path: Path | str | None = None

    @classmethod
    def of(cls, case: str, error: DataError | OSError | MemoryFault) -> Refusal:
        """What an error says of a case."""
        if isinstance(error, DataError):
            return cls(case, error.reason, error.path)
        if isinstance(error, MemoryFault):
            return cls(case, str(error))
        return cls(case, error.strerror or type(error).__name__, error.filename)

    @property
    def message(self) -> str:
        """File and reason, for whoever runs it."""
        return str(DataError(self.reason, self.path))


@dataclass
class Quarantine:
    """Cases that could not be used, with their reasons, up to a budget.

    Attributes:
        budget: largest fraction of a part's cases that may be lost; one case is forgiven in any case, unless it is 0.
        files: the file at fault of a case, where one is known; for the eyes of whoever runs it.
    """

    budget: float
    reasons: dict[str, str] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    def take(self, refusal: Refusal, part: str, total: int) -> None:
        """Count a case as lost.

        Raises:
            DataError: the budget is spent, or nothing is left.
        """
        key = f"{part} {refusal.case}"
        if key not in self.reasons:
            self.reasons[key] = refusal.reason
            if refusal.path is not None:
                self.files[key] = Path(refusal.path)
            self.fresh.append(refusal.message)
        lost = sum(name.startswith(f"{part} ") for name in self.reasons)
        if lost >= total:
            raise DataError(f"none of {counted(total, 'case')} for {part} can be used; the last: {refusal.reason}", refusal.path)
        if lost > (max(1, self.budget * total) if self.budget else 0):
            over = f"more than the budget of {self.budget:.0%}, which --max-bad raises"
            error = DataError(f"already {lost} of {total} cases for {part} cannot be used, {over}: {self._some(part)}", refusal.path)
            # Not in the reason, which the run folder keeps: a file's name may be a patient's.
            for name, path in self._files(part):
                error.add_note(f"{name}: {path}")
            raise error

    def _lost(self, part: str) -> list[tuple[str, str]]:
        """A part's lost cases with their reasons."""
        return [(name.partition(" ")[2], reason) for name, reason in self.reasons.items() if name.startswith(f"{part} ")]

    def _some(self, part: str) -> str:
        """The first of a part's lost cases with their reasons."""
        found = self._lost(part)
        said = [_naming(case, reason) for case, reason in found[:_NAMED]]
        return "; ".join([*said, f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else said)

    def _files(self, part: str) -> list[tuple[str, Path]]:
        """The files of those cases, where they are known."""
        return [(case, path) for case, _ in self._lost(part)[:_NAMED] if (path := self.files.get(f"{part} {case}"))]

    def announce(self) -> list[str]:
        """Messages that were not announced yet."""
        fresh, self.fresh = self.fresh, []
        return fresh


def _naming(case: str, reason: str) -> str:
    """The reason with the case that it is of, which many do not say; a number may stand in one by chance."""
    named = rf"(?<![\w.-]){'case ' if case.isdecimal() else ''}{re.escape(case)}(?![\w-])"
    return reason if re.search(named, reason) else f"case {case}: {reason}"


def case_rng(seed: int, epoch: int, case: str) -> np.random.Generator:
    """The generator of one case in one epoch: the same in every process, in every order, in a resumed run."""
    key = hashlib.blake2b(f"{seed} {epoch} {case}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(_Key(key)))  # type: ignore[arg-type]  # numpy's stub knows of SeedSequence alone


class _Key(ISeedSequence):
    """A key as a seed: `Philox(key=...)` gives the same stream, but first asks the system for randomness that it does not use."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray[Any, Any]:
        """The key as numpy wants it."""
        return np.frombuffer(self._key, dtype)[:n_words]


class CaseFeed:
    """A `medai.tasks.Feed` over a dataset.

    `rank` and `world` share each batch out to processes; every process draws the same order.
    """

    def __init__(
        self,
        dataset: Dataset[Any, Any],
        task: Task[Any, Any, Any],
        *,
        part: str,
        seed: int,
        workers: int,
        quarantine: Quarantine,
        rank: int = 0,
        world: int = 1,
        pin: bool = False,
    ) -> None:
        self.dataset, self.part, self.seed, self.quarantine = dataset, part, seed, quarantine
        self.cases: Sequence[Case] = dataset.cases()
        self._wholes = len({case.whole or case.id for case in self.cases})
        self._workers, self._rank, self._world = workers, rank, world
        self._plan = _Plan()
        self._reader = _Reader(dataset, self.cases, task, seed)
        self._batches = self._loader(_collate_batch, pin)
        self._samples = self._loader(_collate_sample, False)
        self._unanswered: set[str] = set()
        self._whole = False

    def __len__(self) -> int:
        return len(self.cases)

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Batch[Any, Any] | None]:
        """Shuffled batches of an epoch from batch number `start`, each in at most `micro` parts; None where no case could be read."""
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.cases)).tolist()
        plan = [order[first : first + size] for first in range(start * size, len(order), size)]
        self._plan.batches = [
            [(epoch, place) for place in part] for batch in plan for part in _parts(batch[self._rank :: self._world] or batch[:1], micro)
        ]
        for batch, refusals in self._batches:
            self._refuse(refusals)
            yield batch

    def batch_count(self, size: int) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.cases) / size)

    def samples(self, epoch: int = 0, *, only: Collection[str] | None = None) -> Iterator[Sample[Any, Any]]:
        """Every case that can be used, once, in the dataset's order; or only those with these ids."""
        wanted = (case.id not in self._unanswered and (only is None or case.id in only) for case in self.cases)
        self._plan.batches = [[(epoch, place)] for place, take in enumerate(wanted) if take]
        for sample, refusals in self._samples:
            self._refuse(refusals)
            if sample is not None:
                yield sample

    def whole(self) -> CaseFeed:
        """The same feed for whoever has to answer all cases that are left: `leave_out` raises."""
        found = copy.copy(self)
        found._whole = True
        return found

    def leave_out(self, case: Case, error: DataError | MemoryFault) -> None:
        """Count a case as lost that a model cannot answer, such as one that it has too little memory for. No later pass has it, so that
        whoever is measured after that model is measured on the same cases.

        Raises:
            DataError: the budget is spent, or nothing is left.
            MemoryFault: likewise, where it was this case's memory.
        """
        found = Refusal.of(case.whole or case.id, error)
        # Seldom is there a file that says which case it was.
        refusal = Refusal(found.case, _naming(case.id, found.reason), found.path)
        spent = DataError(refusal.reason, refusal.path)
        if not self._whole:
            self._unanswered.add(case.id)
            try:
                self.quarantine.take(refusal, self.part, self._wholes)
                return
            except DataError as told:
                if len(self) == 1:
                    # Of one case there is no more to say than the reason.
                    raise error from None
                spent = told
        raise _as_lack_of_memory(spent) if isinstance(error, MemoryFault) else spent from error

    def _refuse(self, refusals: list[Refusal]) -> None:
        for refusal in refusals:
            self.quarantine.take(refusal, self.part, self._wholes)

    def _loader(self, collate: Any, pin: bool) -> DataLoader[Any]:
        options: dict[str, Any] = {"persistent_workers": True, "prefetch_factor": 4} if self._workers else {}
        return DataLoader(self._reader, batch_sampler=self._plan, num_workers=self._workers, collate_fn=collate, pin_memory=pin, **options)


def _as_lack_of_memory(spent: DataError) -> MemoryFault:
    fault = MemoryFault(spent.reason)
    for note in getattr(spent, "__notes__", ()):
        fault.add_note(note)
    return fault


class _Plan:
    """The batches that the loader is to give next; a loader asks for them anew at each pass."""

    def __init__(self) -> None:
        self.batches: list[list[Index]] = []

    def __iter__(self) -> Iterator[list[Index]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Reader(torch.utils.data.Dataset[Any]):
    """Reads in a loader process: a sample, or why there is none."""

    def __init__(self, dataset: Dataset[Any, Any], cases: Sequence[Case], task: Task[Any, Any, Any], seed: int) -> None:
        self._dataset, self._cases, self._task, self._seed = dataset, cases, task, seed
        self._checked: set[int] = set()

    def __getitem__(self, index: Index) -> Sample[Any, Any] | Refusal:
        epoch, place = index
        case = self._cases[place]
        try:
            sample = self._dataset.read(case, case_rng(self._seed, epoch, case.id))
            if place not in self._checked:
                self._task.check(sample)
                self._checked.add(place)
        except (DataError, OSError) as error:
            return Refusal.of(case.whole or case.id, error)
        except MedaiError:
            raise
        except (Exception, SystemExit) as error:
            if ran_out_of_memory(error):
                raise
            raise PluginError(f"{type(self._dataset).__name__} failed on case {case.id}: {type(error).__name__}: {error}") from error
        return sample


def _collate_batch(items: list[Sample[Any, Any] | Refusal]) -> tuple[Batch[Any, Any] | None, list[Refusal]]:
    samples = [item for item in items if not isinstance(item, Refusal)]
    return Batch.of(samples) if samples else None, [item for item in items if isinstance(item, Refusal)]


def _collate_sample(items: list[Sample[Any, Any] | Refusal]) -> tuple[Sample[Any, Any] | None, list[Refusal]]:
    item = items[0]
    return (None, [item]) if isinstance(item, Refusal) else (item, [])


def _parts(items: list[int], count: int) -> list[list[int]]:
    """`items` in at most `count` parts of nearly equal size, in order."""
    size = math.ceil(len(items) / count)
    return [items[first : first + size] for first in range(0, len(items), size)]
