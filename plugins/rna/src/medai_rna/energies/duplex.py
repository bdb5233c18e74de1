"""Duplexes of two strands, their melting data, and the nearest-neighbour terms that their energies are the sum of."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io import read_text, write_csv
from medai_rna.energies.tables import Energies
from medai_rna.folding.scores import BASES, PAIRS

COLUMNS = ("strand1", "strand2", "dG37", "sd")

SYMMETRY = 0.43
"""kcal/mol that a duplex of twice the same strand costs: RT ln 2 at 37 degrees Celsius (Xia et al. 1998)."""

_NAMED = ("AA/UU", "AU/UA", "UA/AU", "CU/GA", "CA/GU", "GU/CA", "GA/CU", "CG/GC", "GG/CC", "GC/CG")


def _stacks() -> tuple[tuple[str, ...], np.ndarray]:
    names: list[str] = list(_NAMED)
    index = np.zeros((len(PAIRS), len(PAIRS)), dtype=np.int64)
    ends = [(pair[0], pair[1]) for pair in PAIRS]
    for first, (i, j) in enumerate(ends):
        for second, (m, k) in enumerate(ends):
            read = f"{i}{k}/{j}{m}", f"{m}{j}/{k}{i}"
            name = next((one for one in read if one in names), min(read))
            if name not in names:
                names.append(name)
            index[first, second] = names.index(name)
    return tuple(names), index


STACKS, STACK_OF = _stacks()
"""The 21 stacks of two pairs, 5' to 3' above 3' to 5', those of Watson and Crick's pairs first, in the paper's order; and which of them the
entry (pair (i, j), pair (k, l)) of `Energies.stack` is, (6, 6)."""

TERMS = (*STACKS, "initiation", "terminal AU or GU", "symmetry")
"""What a duplex's energy is the sum of, each so many times: the individual nearest-neighbour, hydrogen bond model (INN-HB)."""


@dataclass(frozen=True)
class Duplex:
    """Two strands that pair from end to end, as a row of a file has them.

    Attributes:
        line: of the file, from 1.
        strands: 5' to 3', of A, C, G, U.
        energy: dG at 37 degrees Celsius, kcal/mol.
        deviation: its standard deviation, kcal/mol.
        fault: what is wrong with the row; the rest is empty then.
    """

    line: int
    strands: tuple[str, str] = ("", "")
    energy: float = math.nan
    deviation: float = math.nan
    fault: str = ""


def read_duplexes(path: Path) -> list[Duplex]:
    """The rows of a CSV file with the columns `strand1`, `strand2`, `dG37` and `sd` (kcal/mol), in any order, beside others.

    A row that cannot be used has a `fault`, which names its line and column.

    Raises:
        DataError: the file cannot be read, lacks a column, or has no rows.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in COLUMNS if name not in header]:
        raise DataError(f"line 1: there is no column {', '.join(missing)}; the columns are {', '.join(header) or 'none'}", path)
    reader.fieldnames = header
    try:
        found = [_duplex(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}", path) from error
    if not found:
        raise DataError("no rows", path)
    return found


def _duplex(line: int, row: Mapping[str, str | None]) -> Duplex:
    given = {name: (row[name] or "").strip() for name in COLUMNS}
    try:
        strands = tuple(_strand(name, given[name]) for name in COLUMNS[:2])
        _pairing(strands)
        energy, deviation = (_number(name, given[name]) for name in COLUMNS[2:])
        if deviation <= 0:
            raise DataError(f"column sd: {deviation:g} is not above 0")
    except DataError as error:
        return Duplex(line, fault=f"line {line}, {error.reason}")
    return Duplex(line, (strands[0], strands[1]), energy, deviation)


def _strand(column: str, letters: str) -> str:
    spelled = letters.upper().replace("T", "U")
    if len(spelled) < 2:
        raise DataError(f"column {column}: {letters!r} is no strand of two bases or more")
    if strange := sorted(set(spelled) - set(BASES[1:])):
        raise DataError(f"column {column}: {letters!r} holds {', '.join(strange)}, which is no base")
    return spelled


def _pairing(strands: Sequence[str]) -> None:
    first, second = strands
    if len(first) != len(second):
        raise DataError(f"column strand2: {second} has not the length of {first}: only duplexes without loops and loose ends are fitted")
    for place, (base, other) in enumerate(zip(first, reversed(second), strict=True), 1):
        if base + other not in PAIRS:
            raise DataError(f"column strand2: {second} does not pair with {first} at its position {place}: {base} with {other}")


def _number(column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"column {column}: {text!r} is no number")
    return number


def terms_of(strands: tuple[str, str]) -> np.ndarray:
    """How often each of `TERMS` is in a duplex, float64 (24,)."""
    first, second = strands[0], strands[1][::-1]
    pairs = [base + other for base, other in zip(first, second, strict=True)]
    counts = np.zeros(len(TERMS))
    for one, following in pairwise(pairs):
        counts[STACK_OF[PAIRS.index(one), PAIRS.index(following[::-1])]] += 1
    counts[TERMS.index("initiation")] = 1
    counts[TERMS.index("terminal AU or GU")] = sum(pair not in ("CG", "GC") for pair in (pairs[0], pairs[-1]))
    counts[TERMS.index("symmetry")] = strands[0] == strands[1]
    return counts


def term_values(energies: Energies) -> np.ndarray:
    """The energy of each of `TERMS` by tables, kcal/mol at 37 degrees Celsius, (24,)."""
    stacks = np.zeros(len(STACKS))
    stacks[STACK_OF] = energies.stack[0]
    return np.array([*stacks, energies.duplex[0], energies.terminal[0], SYMMETRY])


def with_terms(energies: Energies, values: np.ndarray) -> Energies:
    """The tables with the energies of `TERMS` in place of theirs; the enthalpies stay, and so does the symmetry, which no table holds."""
    stack, duplex, terminal = energies.stack.copy(), energies.duplex.copy(), energies.terminal.copy()
    stack[0] = values[STACK_OF]
    duplex[0], terminal[0] = values[len(STACKS)], values[len(STACKS) + 1]
    return replace(energies, stack=stack, duplex=duplex, terminal=terminal)


def drawn(count: int, noise: float, rng: np.random.Generator, energies: Energies, wobble: bool = False) -> list[Duplex]:
    """Duplexes with energies by tables and Gaussian noise: each of 4 to 9 pairs, every third of twice the same strand.

    Args:
        count: of duplexes.
        noise: standard deviation, kcal/mol.
        rng: where they are drawn from.
        energies: the tables.
        wobble: whether pairs G-U are among them.
    """
    values = term_values(energies)
    kinds = PAIRS if wobble else tuple(pair for pair in PAIRS if "GU" not in (pair, pair[::-1]))
    found = []
    for row in range(count):
        if row % 3 == 0:
            half = [kinds[kind] for kind in rng.integers(len(kinds), size=int(rng.integers(2, 5)))]
            pairs = half + [pair[::-1] for pair in reversed(half)]
        else:
            pairs = [kinds[kind] for kind in rng.integers(len(kinds), size=int(rng.integers(4, 10)))]
        strands = "".join(pair[0] for pair in pairs), "".join(pair[1] for pair in reversed(pairs))
        energy = float(terms_of(strands) @ values + rng.normal(0, noise))
        found.append(Duplex(row + 2, strands, round(energy, 2), noise))
    return found


def write_duplexes(duplexes: Sequence[Duplex], path: Path) -> None:
    """Write the rows as a file that `read_duplexes` reads."""
    rows = [dict(zip(COLUMNS, (*each.strands, each.energy, each.deviation), strict=True)) for each in duplexes]
    write_csv(path, COLUMNS, rows)
