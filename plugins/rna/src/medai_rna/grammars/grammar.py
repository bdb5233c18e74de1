"""A grammar made ready: its steps as arrays for the compiled programme, and where each parameter stands in one vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from medai_rna.folding.scores import LONGEST
from medai_rna.grammars.notation import Production, Run, read
from medai_rna.grammars.steps import Emission, Step, nullable, order_of, steps_of

BASES = "ACGU"
"""The order of bases in tables of emissions."""

UNKNOWN = len(BASES)
"""The code of a base that is not known, or that lies outside of the sequence."""


# Columns of `Program.steps`, and of `Program.shapes`, in which those of the bases follow.
FIRST, SECOND, SOLID, SHAPE, EMISSION, LOW, HIGH, LEAST, MOST, LENGTH, SPLIT = range(11)
BEFORE, LEFT, RIGHT, AFTER, SEEN_PAIR, WIDTH, AFTER_COLUMNS = range(7)


class Program(NamedTuple):
    """The steps, sorted by the nonterminal that they belong to; R steps of K nonterminals, S shapes of emissions. Few arrays, because the
    compiled programme is slow in handing on many.

    Attributes:
        order: nonterminals, those first that others need on the same span (K,).
        begin: the steps of nonterminal A are begin[A] to begin[A + 1] (K + 1,).
        steps: a row for each (R, 11): the nonterminals that it makes, -1 for none; 1 if the first must not be empty, plus 2 if the second;
            its emission's shape; where its table begins, -1 for none; least and most unpaired bases to the left and to the right; where
            its distribution over lengths begins, -1 for none; of two nonterminals, the row of `splits` in which they stand, else -1.
        splits: pairs of nonterminals that stand side by side (., 2).
        slot: index of a nonterminal among those that stand on the right, -1 for none (K,).
        enclosed: whether a nonterminal always stands directly within a pair, so that where there can be none it need not be asked (K,).
        start: the nonterminal that makes a sequence.
        shapes: a row for each (S, .): bases seen before, made left, made right, seen behind; whether the bases next to the span are a
            pair; how many codes there are on the right; for each base on the left, the one on the right that it pairs with, or -1; for
            each on the right, whether it is unpaired.
    """

    order: np.ndarray
    begin: np.ndarray
    steps: np.ndarray
    splits: np.ndarray
    slot: np.ndarray
    enclosed: np.ndarray
    start: int
    shapes: np.ndarray


@dataclass(frozen=True)
class Table:
    """A table of emissions: probabilities of the bases made, given those seen.

    Attributes:
        name: what the grammar calls it.
        emission: the first emission that uses it.
        start: where it stands in the vector of parameters; its axes are bases in the order of the sequence, each of 4.
        wide: where it stands, with a fifth entry along each axis for a base that is not known, in the programme's tables.
    """

    name: str
    emission: Emission
    start: int
    wide: int

    @property
    def size(self) -> int:
        return int(len(BASES) ** self.emission.bases)

    @property
    def made(self) -> tuple[int, ...]:
        """The axes of bases that are made."""
        return tuple(range(self.emission.before, self.emission.bases - self.emission.after))


@dataclass(frozen=True)
class Lengths:
    """A distribution over numbers of unpaired bases: of one run, or of two, as a table of both.

    Attributes:
        name: what the grammar calls it; empty for a number that is fixed.
        runs: one or two.
        start: where it stands in the vector of parameters; -1 for a fixed number.
        wide: where it stands among the programme's lengths.
    """

    name: str
    runs: tuple[Run, ...]
    start: int
    wide: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(run.high - run.low + 1 for run in self.runs)

    @property
    def totals(self) -> np.ndarray:
        """The number of bases in all, by entry."""
        axes = [np.arange(run.low, run.high + 1) for run in self.runs]
        return axes[0] if len(axes) == 1 else axes[0][:, None] + axes[1][None, :]


class Grammar:
    """A grammar, ready to parse by.

    Its parameters are one vector: a probability for each rule as it is written, then the tables of emissions, then the distributions
    over lengths. They come in `blocks`, each of which sums to 1.

    Args:
        text: the grammar, as `notation` says.

    Raises:
        DataError: the text is no grammar, or one that cannot be run; names line and column.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.productions: list[Production] = read(text)
        steps = steps_of(self.productions)
        order = order_of(steps)
        names = list(dict.fromkeys(step.name for step in steps))
        self._number = {name: index for index, name in enumerate(names)}
        self.steps: list[Step] = sorted(steps, key=lambda step: self._number[step.name])
        self.nonterminals = tuple(names)
        self.tables, self.lengths = self._laid_out()
        self.program = self._program(order)

    @property
    def size(self) -> int:
        """Entries of the vector of parameters."""
        return self._size

    @cached_property
    def free(self) -> int:
        """Parameters that are free: entries that can be above 0, less one for each block."""
        counted = np.bincount(self.blocks[self.blocks >= 0])
        return int((counted[counted > 0] - 1).sum())

    @cached_property
    def blocks(self) -> np.ndarray:
        """For each parameter the block within which it is a probability; -1 where it is 0 and stays so. int64 (size,)."""
        found = np.full(self.size, -1, dtype=np.int64)
        names = list(dict.fromkeys(production.name for production in self.productions))
        found[: len(self.productions)] = [names.index(production.name) for production in self.productions]
        count = len(names)
        for table in self.tables.values():
            seen = np.arange(table.size).reshape((len(BASES),) * table.emission.bases)
            contexts = np.moveaxis(seen, table.made, range(-len(table.made), 0)).reshape(-1, len(BASES) ** len(table.made))
            for row in contexts:
                found[table.start + row] = count
                count += 1
        for lengths in self.lengths.values():
            if lengths.start >= 0:
                block = np.where(lengths.totals <= LONGEST, count, -1).ravel()
                found[lengths.start : lengths.start + block.size] = block
                count += 1
        return found

    def normalised(self, vector: np.ndarray) -> np.ndarray:
        """The vector with each block divided by its sum; a block of zeros becomes even.

        Args:
            vector: float64 (size,), not negative.
        """
        used = self.blocks >= 0
        sums = np.bincount(self.blocks[used], vector[used])
        sizes = np.bincount(self.blocks[used])
        found = np.zeros(self.size)
        total = sums[self.blocks[used]]
        found[used] = np.where(total > 0, vector[used] / np.where(total > 0, total, 1.0), 1.0 / sizes[self.blocks[used]])
        return found

    def even(self) -> np.ndarray:
        """Parameters to begin with: the probabilities that the grammar states, Watson and Crick's pairs and G with U more probable than
        others, all else even."""
        found = np.where(self.blocks >= 0, 1.0, 0.0)
        stated = [production.probability for production in self.productions]
        found[: len(stated)] = [1.0 if value is None else value for value in stated]
        for table in self.tables.values():
            found[table.start : table.start + table.size] = _pairs_first(table.emission)
        return self.normalised(found)

    def names(self) -> list[str]:
        """What each parameter is, in words."""
        found = [""] * self.size
        for index, production in enumerate(self.productions):
            found[index] = f"{production.name}:{production.line}:{production.column}"
        for table in self.tables.values():
            for place in range(table.size):
                digits = np.unravel_index(place, (len(BASES),) * table.emission.bases)
                found[table.start + place] = f"{table.name}:{''.join(BASES[digit] for digit in digits)}"
        for lengths in self.lengths.values():
            if lengths.start >= 0:
                for place in range(int(np.prod(lengths.shape))):
                    numbers = [run.low + int(n) for run, n in zip(lengths.runs, np.unravel_index(place, lengths.shape), strict=True)]
                    found[lengths.start + place] = f"{lengths.name}:{'+'.join(map(str, numbers))}"
        return found

    def _laid_out(self) -> tuple[Mapping[str, Table], Mapping[str, Lengths]]:
        place, wide = len(self.productions), 0
        tables: dict[str, Table] = {}
        for step in self.steps:
            if step.table and step.table not in tables:
                tables[step.table] = Table(step.table, step.emission, place, wide)
                place, wide = place + len(BASES) ** step.emission.bases, wide + (UNKNOWN + 1) ** step.emission.bases
            if any(run.high for run in step.runs) and "single" not in tables:
                tables["single"] = Table("single", Emission(left=1), place, wide)
                place, wide = place + len(BASES), wide + UNKNOWN + 1
        if "single" in tables and tables["single"].emission.bases != 1:
            raise self.productions[0].fault("the table 'single' is that of one unpaired base")
        self.wide_tables, wide = wide, 0
        lengths: dict[str, Lengths] = {}
        for step in self.steps:
            key = _length_key(step)
            if step.runs and key not in lengths:
                lengths[key] = Lengths(step.lengths, step.runs, place if step.lengths else -1, wide)
                size = int(np.prod(lengths[key].shape))
                place, wide = place + (size if step.lengths else 0), wide + size
        self.wide_lengths, self._size = wide, place
        return tables, lengths

    def _program(self, order: list[str]) -> Program:
        number, steps = self._number, self.steps
        shapes = list(dict.fromkeys(step.emission for step in steps))
        splits = list(dict.fromkeys((step.inner[0].name, step.inner[1].name) for step in steps if len(step.inner) == 2))
        rights = list(dict.fromkeys(second for _, second in splits))
        counted = np.bincount([number[step.name] for step in steps], minlength=len(number))
        return Program(
            order=np.array([number[name] for name in order]),
            begin=np.concatenate([[0], np.cumsum(counted)]),
            steps=np.array([self._row(step, shapes.index(step.emission), splits) for step in steps]),
            splits=np.array([(number[one], number[two]) for one, two in splits], dtype=np.int64).reshape(-1, 2),
            slot=np.array([rights.index(name) if name in rights else -1 for name in self.nonterminals]),
            enclosed=np.array([name != self.productions[0].name and self._enclosed(name) for name in self.nonterminals]),
            start=number[self.productions[0].name],
            shapes=_rows(shapes),
        )

    def _enclosed(self, name: str) -> bool:
        around = [step for step in self.steps if any(symbol.name == name for symbol in step.inner)]
        innermost = [(step.emission.left - 1, step.emission.right - 1) in step.emission.pairs and not step.runs for step in around]
        return bool(innermost) and all(innermost)

    def _row(self, step: Step, shape: int, splits: list[tuple[str, str]]) -> list[int]:
        inner = [self._number[symbol.name] for symbol in step.inner]
        first, second = [*inner, -1, -1][:2]
        solid = sum(symbol.solid << place for place, symbol in enumerate(step.inner))
        emission = self.tables[step.table].wide if step.table else -1
        bounds = [bound for run in step.runs for bound in (run.low, run.high)]
        length = self.lengths[_length_key(step)].wide if step.runs else -1
        split = splits.index((step.inner[0].name, step.inner[1].name)) if len(inner) == 2 else -1
        return [first, second, solid, shape, emission, *[*bounds, 0, 0, 0, 0][:4], length, split]

    @cached_property
    def nullable(self) -> bool:
        """Whether it can make the empty sequence."""
        return self.productions[0].name in nullable(self.steps)


@lru_cache(maxsize=32)
def grammar_of(text: str) -> Grammar:
    """The grammar of a text; one that was read before is not read again. Errors as `Grammar`."""
    return Grammar(text)


def _length_key(step: Step) -> str:
    if step.lengths:
        return step.lengths
    return "=" + "+".join(str(run.low) for run in step.runs)


def _rows(shapes: list[Emission]) -> np.ndarray:
    found = np.zeros((len(shapes), AFTER_COLUMNS + max(shape.left + shape.right for shape in shapes)), dtype=np.int64)
    for row, shape in zip(found, shapes, strict=True):
        width = (UNKNOWN + 1) ** (shape.right + shape.after)
        row[:AFTER_COLUMNS] = (shape.before, shape.left, shape.right, shape.after, shape.seen_pair, width)
        row[AFTER_COLUMNS : AFTER_COLUMNS + shape.left] = -1
        row[AFTER_COLUMNS + shape.left : AFTER_COLUMNS + shape.left + shape.right] = 1
        for t, u in shape.pairs:
            row[AFTER_COLUMNS + t], row[AFTER_COLUMNS + shape.left + u] = u, 0
    return found


_COMMON = {"AU", "UA", "GC", "CG", "GU", "UG"}


def _pairs_first(emission: Emission) -> np.ndarray:
    """Weights of a table's entries, flat: less where a pair made is none of Watson and Crick's, or G with U."""
    shape = (len(BASES),) * emission.bases
    weights = np.ones(shape)
    pair = np.array([[1.0 if one + two in _COMMON else 0.05 for two in BASES] for one in BASES])
    for t, u in emission.pairs:
        axes = (emission.before + t, emission.before + emission.left + emission.right - 1 - u)
        weights *= pair.reshape([len(BASES) if axis in axes else 1 for axis in range(emission.bases)])
    return weights.ravel()
