"""The published tables that the plugin brings."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from medai.errors import UsageError
from medai_rna.energies.par import read_par
from medai_rna.energies.tables import GAS_CONSTANT, MEASURED_AT, SHAPES, ZERO_CELSIUS, Energies
from medai_rna.folding.scores import BASES, PAIRS

NAMES = ("turner-2004",)

_Sections = dict[str, list[float]]

_ENDS = np.array([pair not in ("CG", "GC") for pair in PAIRS], dtype=np.float64)
"""Of each pair, whether it costs something at the end of a helix: AU, UA, GU, UG."""

_FIRST_MISMATCH = -5.8
"""The enthalpy of a first mismatch UU or GA in a hairpin, kcal/mol (NNDB, hairpin loops)."""


@cache
def load(name: str = "turner-2004") -> Energies:
    """Energies by name.

    Args:
        name: `turner-2004`: the free energies of NNDB's set of that name, all of them; its enthalpies where they are at hand, otherwise by
            its rules for loops without measurements: of interior loops without what is special to a mismatch, of special hairpins those
            of any other hairpin of their size. So temperatures other than 37 degrees are less sure. Terms that the common parameter
            format has no place for are left out: the bonus of GU closure after two Gs, and the penalty of loops of C alone.

    Raises:
        UsageError: no tables of this name.
    """
    if name not in NAMES:
        raise UsageError(f"there are no energies {name!r}; there are {', '.join(NAMES)}, and any file of the format .par")
    sections = _read("turner_2004.txt")
    return _turner(*(_kind(sections, kind) for kind in ("energy", "enthalpy")))


def named(energies: str) -> Energies:
    """Energies by the name of published tables, or out of a file whose name ends in `.par`.

    Raises:
        UsageError: no tables of this name.
        DataError: the file cannot be read.
    """
    return read_par(Path(energies)) if energies.endswith(".par") else load(energies)


def _read(file: str) -> dict[str, _Sections]:
    """Numbers in kcal/mol by table, and within it by label."""
    sections: dict[str, _Sections] = {}
    numbers: list[float] = []
    for line in files("medai_rna.energies").joinpath(file).read_text(encoding="utf-8").split("\n\n", 1)[1].splitlines():
        if line.startswith("#"):
            name, _, label = line[2:].partition(" ")[2].partition(" ")
            numbers = sections.setdefault(f"{line[2:].split()[0]} {name}", {}).setdefault(label, [])
        else:
            numbers.extend(np.inf if word == "." else int(word) / 10 for word in line.split())
    return sections


def _kind(sections: dict[str, _Sections], kind: str) -> dict[str, _Sections]:
    return {name.removeprefix(f"{kind} "): labelled for name, labelled in sections.items() if name.startswith(f"{kind} ")}


def _turner(energy: dict[str, _Sections], enthalpy: dict[str, _Sections]) -> Energies:
    tables = {name: np.array([_table(name, energy), _table(name, enthalpy)]) for name in _GIVEN}
    tables["mismatch_multi"] = tables["mismatch_exterior"] = np.array([_sides("mismatch", source) for source in (energy, enthalpy)])
    hairpin = _hairpin_enthalpies(tables["mismatch_exterior"][1], tables["terminal"][1])
    tables["mismatch_hairpin"] = np.array([_sides("mismatch_hairpin", energy), hairpin])
    closure = enthalpy["closure"][""][0] * _ENDS
    for name in ("mismatch_internal", "mismatch_internal_1n", "mismatch_internal_23"):
        sides = _sides(name, energy)
        tables[name] = np.array([sides, np.broadcast_to(closure[:, None, None], sides.shape)])
    small = _small_loops(energy)
    start, uneven = tables["internal"][1, 4], tables["ninio"][1]
    for name, table in small.items():
        both = start + closure[:, None] + closure[None, :] + (uneven if name == "int21" else 0.0)
        tables[name] = np.array([table, np.broadcast_to(both.reshape(6, 6, *[1] * (table.ndim - 2)), table.shape)])
    tables["ninio_max"] = np.full(2, energy["ninio_max"][""][0])
    tables["extension"] = np.array([1.75 * GAS_CONSTANT * (ZERO_CELSIUS + MEASURED_AT), 0.0])
    special = {letters: (value[0], _whole(letters, tables)) for letters, value in energy["special"].items()}
    return Energies(**tables, special=special)


_GIVEN = ("stack", "dangle5", "dangle3", "hairpin", "bulge", "internal", "multi", "ninio", "terminal", "duplex")


def _table(name: str, source: dict[str, _Sections]) -> np.ndarray:
    numbers = np.array(source[name][""])
    if name.startswith("dangle"):
        return _known(numbers.reshape(len(PAIRS), len(BASES) - 1), 1)
    return numbers.reshape(SHAPES[name])


def _sides(name: str, source: dict[str, _Sections]) -> np.ndarray:
    return _known(np.array(source[name][""]).reshape(len(PAIRS), len(BASES) - 1, len(BASES) - 1), 2)


def _known(table: np.ndarray, axes: int) -> np.ndarray:
    """With the unknown base before the others on the last axes: the worst of what it may be."""
    for axis in range(table.ndim - axes, table.ndim):
        table = np.concatenate([table.max(axis=axis, keepdims=True), table], axis=axis)
    return table


def _hairpin_enthalpies(outside: np.ndarray, terminal: float) -> np.ndarray:
    """By the rule: the terminal mismatch, the bonus of some, and the helix's end; (6, 5, 5)."""
    turned = [PAIRS.index(pair[::-1]) for pair in PAIRS]
    inside = outside[turned].transpose(0, 2, 1).copy()
    for first, second in (("U", "U"), ("G", "A")):
        inside[:, BASES.index(first), BASES.index(second)] += _FIRST_MISMATCH
    return _known(inside[:, 1:, 1:] + terminal * _ENDS[:, None, None], 2)


def _small_loops(energy: dict[str, _Sections]) -> dict[str, np.ndarray]:
    """Loops of 1 x 1, 1 x 2 and 2 x 2; of the symmetric ones the data have each once."""
    count = len(PAIRS)
    tables = {name: np.empty((count, count, *[4] * axes)) for name, axes in (("int11", 2), ("int21", 3), ("int22", 4))}
    for name, table in tables.items():
        for label, numbers in energy[name].items():
            first, second = (PAIRS.index(pair) for pair in label.split())
            block = np.array(numbers).reshape(table.shape[2:])
            table[first, second] = block
            if name != "int21":
                table[second, first] = block.transpose(1, 0) if name == "int11" else block.transpose(2, 3, 0, 1)
    return {name: table if name == "int22" else _known(table, table.ndim - 2) for name, table in tables.items()}


def _whole(letters: str, tables: dict[str, np.ndarray]) -> float:
    """The enthalpy of a hairpin by the rule for all."""
    size, kind = len(letters) - 2, PAIRS.index(letters[0] + letters[-1])
    start = float(tables["hairpin"][1, size])
    if size == 3:
        return start + float(tables["terminal"][1] * _ENDS[kind])
    return start + float(tables["mismatch_hairpin"][1, kind, BASES.index(letters[1]), BASES.index(letters[-2])])
