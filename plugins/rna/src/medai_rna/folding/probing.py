"""Chemical probing as scores at positions: what reacts is less likely to be in a helix."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai_rna.energies.tables import MEASURED_AT, thermal
from medai_rna.folding.loops import STACK
from medai_rna.folding.scores import SHORTEST_HAIRPIN, Positions

MISSING = -500.0
"""A reactivity at or below this, such as -999, is one that was not measured."""


def shape_scores(reactivities: np.ndarray, slope: float = 1.8, intercept: float = -0.6, temperature: float = MEASURED_AT) -> Positions:
    """Pseudo-energies of SHAPE: slope ln(reactivity + 1) + intercept for each base of each stack of two pairs, so that a base inside a
    helix counts twice (Deigan, Li, Mathews and Weeks 2009, eq. 1 and its values of the two parameters, which were fitted at 37 C).

    Args:
        reactivities: normalised, (N,); NaN where there is none, and then no energy either. Those below 0 count as 0.
        slope: in kcal/mol.
        intercept: in kcal/mol.
        temperature: in degrees Celsius, of the scores that these are added to.

    Raises:
        DataError: a reactivity is infinite.
    """
    if np.isinf(reactivities).any():
        raise DataError(f"the reactivity of position {int(np.flatnonzero(np.isinf(reactivities))[0]) + 1} is infinite")
    energies = slope * np.log1p(np.maximum(reactivities, 0)) + intercept
    scores = torch.from_numpy(np.where(np.isnan(energies), 0.0, -energies / thermal(temperature)))
    positions = Positions.zeros(len(scores))
    if len(scores) > 1:
        stacked = scores.clone()
        stacked[:-1] += scores[1:]
        mirrored = scores.clone()
        mirrored[1:] += scores[:-1]
        positions.planes[STACK] = (stacked[:, None] + mirrored[None, :]).triu(SHORTEST_HAIRPIN + 3)
    return positions


def read_reactivities(path: Path, length: int) -> np.ndarray:
    """Reactivities out of a file of two columns, position from 1 and reactivity; -999 says that there is none, as leaving the position out
    does. Empty lines and those that begin with # are passed over.

    Args:
        path: the file.
        length: bases of the sequence.

    Returns:
        float64 (length,), NaN where there is none.

    Raises:
        DataError: with the line: it has not two columns, one of them is not a number, or the position is outside the sequence or comes
            twice. Or the file cannot be read, or is not text.
    """
    found = np.full(length, np.nan)
    seen: dict[int, int] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError("not a text file", path) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    for number, line in enumerate(lines, 1):
        columns = line.split()
        if not columns or columns[0].startswith("#"):
            continue
        try:
            position, value = _read(columns, length)
        except ValueError as error:
            raise DataError(f"line {number}: {error}", path) from error
        if position in seen:
            raise DataError(f"line {number}: the position {position} stands in line {seen[position]} already", path)
        seen[position] = number
        found[position - 1] = value
    return found


def _read(columns: list[str], length: int) -> tuple[int, float]:
    if len(columns) != 2:
        raise ValueError(f"{len(columns)} columns in place of two, position and reactivity")
    if not columns[0].isdecimal() or not 1 <= (position := int(columns[0])) <= length:
        raise ValueError(f"column 1: {columns[0]!r} is no position of a sequence of {length}")
    try:
        value = float(columns[1])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"column 2: {columns[1]!r} is no reactivity; one that was not measured is -999")
    return position, math.nan if value <= MISSING else value
