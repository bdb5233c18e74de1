"""The common format of parameter files, `.par` (version 2.0): one reader, one writer.

A file has sections, each `# name` and numbers in dcal/mol, 100 to the kcal/mol; `/* ... */` is a remark. Tables list the pairs CG, GC, GU,
UG, AU, UA and one that is not canonical, which is not kept and is written as the worst of the six; bases are listed N, A, C, G, U.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io import read_text, write_text
from medai_rna.energies.tables import SHAPES, Energies
from medai_rna.folding.scores import BASES, PAIRS

HEADER = "## RNAfold parameter file v2.0"

_DEFAULT, _INFINITE = -50, 1_000_000
_WORDS = {"INF": np.inf, "DEF": float(_DEFAULT), "NST": 0.0}

_TABLES = ("stack", *(name for name in SHAPES if name.startswith("mismatch")), "dangle5", "dangle3", "int11", "int21", "int22")
_TABLES += ("hairpin", "bulge", "internal")
_SPECIAL = {"Hexaloops": 8, "Tetraloops": 6, "Triloops": 5}
_SHORT = {"ML_params": (6,), "NINIO": (3,), "Misc": (4, 6)}
_SECTIONS = {*_TABLES, *(f"{name}_enthalpies" for name in _TABLES), *_SPECIAL, *_SHORT}
_EXTENSION = 107.856
"""Of files whose `Misc` does not say: 1.75 RT, kcal/mol times 100."""


@dataclass(frozen=True)
class _Section:
    name: str
    line: int
    words: list[tuple[str, int]]


def read_par(path: Path) -> Energies:
    """The energies of a file.

    Args:
        path: of the format's version 2.0, with every section but those of special hairpins.

    Raises:
        DataError: it is missing or no text, of another version, lacks a section or has one twice or one that is not known, or a section
            holds another number of values than it should, or what is no number: file, line and section are named.
    """
    text = read_text(path)
    if not text.startswith(HEADER):
        raise DataError(f"{path}, line 1: the file begins {text.split(chr(10), 1)[0][:60]!r}, and not {HEADER!r}")
    sections: dict[str, _Section] = {}
    for section in _sections(path, text):
        if section.name in sections:
            raise DataError(
                f"{path}, line {section.line}: section {section.name} stands twice, first in line {sections[section.name].line}"
            )
        sections[section.name] = section
    if missing := sorted(_SECTIONS - set(_SPECIAL) - set(sections)):
        raise DataError(f"{path}: there is no section {', '.join(missing)}")
    return _energies(path, sections)


def _sections(path: Path, text: str) -> Iterator[_Section]:
    # A remark may run over lines: it leaves its line breaks, so that lines keep their numbers.
    text = re.sub(r"/\*.*?\*/", lambda remark: " " + "\n" * remark.group().count("\n"), text, flags=re.DOTALL)
    section: _Section | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("##"):
            continue
        if line.startswith("#"):
            if section is not None:
                yield section
            name = line[1:].strip()
            if name == "END":
                return
            if name not in _SECTIONS:
                raise DataError(f"{path}, line {number}: {name!r} is not a section that this format has")
            section = _Section(name, number, [])
        elif words := line.split():
            if section is None:
                raise DataError(f"{path}, line {number}: {words[0]!r} stands before the first section")
            section.words.extend((word, number) for word in words)
    if section is not None:
        yield section


def _energies(path: Path, sections: dict[str, _Section]) -> Energies:
    tables = {}
    for name in _TABLES:
        both = [_table(path, sections[section], SHAPES[name]) for section in (name, f"{name}_enthalpies")]
        tables[name] = np.array(both)
    unpaired, closing, branch = np.array(_numbers(path, sections["ML_params"])).reshape(3, 2)
    ninio, ninio_enthalpy, most = _numbers(path, sections["NINIO"])
    misc = np.array([*_numbers(path, sections["Misc"]), _EXTENSION, 0.0][:6]).reshape(3, 2)  # older files end before the extension
    single = {"ninio": [ninio, ninio_enthalpy], "ninio_max": [most, most], "duplex": misc[0], "terminal": misc[1], "extension": misc[2]}
    tables |= {name: np.array(values) / 100 for name, values in single.items()}
    tables["multi"] = np.array([closing, branch, unpaired]).T / 100
    special: dict[str, tuple[float, float]] = {}
    for name in _SPECIAL:
        if name in sections:
            special |= _hairpins(path, sections[name], special)
    return Energies(**tables, special=special)


def _table(path: Path, section: _Section, shape: tuple[int, ...]) -> np.ndarray:
    """In kcal/mol, without the pair that is not canonical."""
    numbers = _numbers(path, section, int(np.prod(_written(section.name, shape))))
    table = np.array(numbers).reshape(_written(section.name, shape)) / 100
    return table[tuple(slice(0, size) for size in shape)]


def _written(section: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A table's shape in the file: all but that of 2 x 2 loops have a seventh pair."""
    if section.startswith("int22"):
        return shape
    return tuple(size + 1 if size == len(PAIRS) else size for size in shape)


def _numbers(path: Path, section: _Section, expected: int | None = None) -> list[float]:
    possible = (expected,) if expected is not None else _SHORT[section.name]
    if len(section.words) not in possible:
        last = section.words[-1][1] if section.words else section.line
        wanted = " or ".join(map(str, possible))
        raise DataError(f"{path}, line {last}: section {section.name} has {len(section.words)} values, and not {wanted}")
    return [_number(path, section, word, line) for word, line in section.words]


def _number(path: Path, section: _Section, word: str, line: int) -> float:
    if word in _WORDS:
        return _WORDS[word]
    try:
        number = float(word)
    except ValueError:
        raise DataError(f"{path}, line {line}: section {section.name}: {word!r} is no number, INF or DEF") from None
    if not np.isfinite(number):
        raise DataError(f"{path}, line {line}: section {section.name}: {word!r} is not finite; what cannot be is written INF")
    return np.inf if number >= _INFINITE else number


def _hairpins(path: Path, section: _Section, known: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    hairpins: dict[str, tuple[float, float]] = {}
    words = section.words
    for place in range(0, len(words), 3):
        line = words[place][1]
        where = f"{path}, line {line}: section {section.name}"
        if len(words) < place + 3 or words[place + 2][1] != line:
            raise DataError(f"{where}: a line holds a hairpin, its energy and its enthalpy")
        letters = words[place][0].upper().replace("T", "U")
        if len(letters) != _SPECIAL[section.name] or set(letters) - set(BASES[1:]) or letters[0] + letters[-1] not in PAIRS:
            raise DataError(f"{where}: {words[place][0]!r} is no hairpin of {_SPECIAL[section.name]} bases with its closing pair")
        if letters in known or letters in hairpins:
            raise DataError(f"{where}: {letters} stands twice")
        energy, enthalpy = (_number(path, section, *word) / 100 for word in words[place + 1 : place + 3])
        hairpins[letters] = energy, enthalpy
    return hairpins


def write_par(energies: Energies, path: Path) -> None:
    """Write the energies as a file of the format's version 2.0.

    The format holds whole dcal/mol: what stands between is rounded, by at most 0.005 kcal/mol.

    Args:
        energies: to be written.
        path: of the file, which is replaced.
    """
    lines = [HEADER]
    for name in _TABLES:
        for section, values in zip((name, f"{name}_enthalpies"), getattr(energies, name), strict=True):
            lines += ["", f"# {section}", *_rows(_padded(section, values))]
    closing, branch, unpaired = energies.multi.T
    lines += ["", "# ML_params", "/* unpaired, closing, branch, each with its enthalpy */", _row([*unpaired, *closing, *branch])]
    lines += ["", "# NINIO", "/* per base, its enthalpy, at most */", _row([*energies.ninio, energies.ninio_max[0]])]
    lines += ["", "# Misc", "/* duplex, terminal AU or GU, extension beyond 30 bases, each with its enthalpy */"]
    extension = " ".join(f"{value * 100:.6f}" for value in energies.extension)
    lines += [f"{_row([*energies.duplex, *energies.terminal])} {extension}"]
    for section, size in _SPECIAL.items():
        found = [(letters, both) for letters, both in energies.special.items() if len(letters) == size]
        lines += ["", f"# {section}", *(f"{letters} {_row(both)}" for letters, both in found)]
    write_text(path, "\n".join([*lines, "", "# END", ""]))


def _padded(section: str, values: np.ndarray) -> np.ndarray:
    """With the pair that is not canonical, as the worst of the others."""
    for axis, (size, written) in enumerate(zip(values.shape, _written(section, values.shape), strict=True)):
        if written > size:
            values = np.concatenate([values, values.max(axis=axis, keepdims=True)], axis=axis)
    return values


def _rows(table: np.ndarray) -> list[str]:
    width = 10 if table.ndim == 1 else table.shape[-1]
    flat = table.reshape(-1)
    return [_row(flat[start : start + width]) for start in range(0, len(flat), width)]


def _row(values: np.ndarray | list[float] | tuple[float, ...]) -> str:
    return " ".join("   INF" if np.isinf(value) else f"{round(float(value) * 100):6d}" for value in values)
