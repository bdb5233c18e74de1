"""Energies of duplexes as sums of nearest-neighbour terms: fitted to melting data, or by published tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from medai.errors import DataError, PluginError
from medai.tasks import Batch, Context, Feed, Progress, Row, Sample, Value
from medai_rna.energies.duplex import SYMMETRY, TERMS, term_values, with_terms
from medai_rna.energies.published import named
from medai_rna.energies.tables import Energies

_ENERGY = "dG at 37 C (kcal/mol)"
_MIXED = 1e-6


class DuplexEnergies:
    """The energy of a duplex by tables; nothing is learnt.

    Args:
        energies: a name of published tables, or a file of the format `.par`.
        symmetry: kcal/mol for a duplex of twice the same strand.
    """

    def __init__(self, energies: str = "turner-2004", symmetry: float = SYMMETRY) -> None:
        self.tables, self._symmetry = named(energies), symmetry

    def predict(self, batch: Batch[Row, Value]) -> list[Value]:
        """dG at 37 degrees Celsius in kcal/mol, float32 (1,).

        Raises:
            DataError: the rows are not of the terms of the nearest-neighbour model.
        """
        return _energies(batch, np.array([*term_values(self.tables)[:-1], self._symmetry]))


class Xia1998:
    """The individual nearest-neighbour, hydrogen bond model (INN-HB), fitted to melting data by weighted linear regression.

    The energy of a duplex is the sum of its stacks of two pairs, an initiation, a penalty for each end AU (or GU), and one for symmetry,
    which is set before the others are fitted. Each duplex counts by the inverse square of its standard deviation. Terms that no duplex
    has stay at the tables' values, and those that the duplexes do not tell apart as near to them as may be. Xia et al. 1998,
    doi:10.1021/bi9809425.

    Args:
        energies: tables that the fitted terms take their place in: a published name, or a file of the format `.par`.
        symmetry: kcal/mol for a duplex of twice the same strand.
    """

    def __init__(self, energies: str = "turner-2004", symmetry: float = SYMMETRY) -> None:
        self._start, self._symmetry = named(energies), symmetry
        self._values = np.array([*term_values(self._start)[:-1], symmetry])
        self._errors = np.full(len(TERMS), np.nan)
        self._fitted = False

    @property
    def terms(self) -> dict[str, tuple[float, float]]:
        """Each term in kcal/mol with its standard error, which is NaN of those that were not fitted."""
        return dict(zip(TERMS, zip(self._values.tolist(), self._errors.tolist(), strict=True), strict=True))

    @property
    def reader(self) -> dict[str, Any]:
        """The model that reads the tables."""
        return {"use": "rna/duplex-energies", "symmetry": self._symmetry}

    @property
    def tables(self) -> Energies:
        """The tables with the fitted terms."""
        return with_terms(self._start, self._values)

    def fit(self, train: Feed[Row, Value], valid: Feed[Row, Value] | None, context: Context) -> Iterator[Progress]:
        """Fit all terms at once: one step.

        Raises:
            DataError: a duplex has no energy or standard deviation.
        """
        if self._fitted:
            return
        counts, energies, deviations = _learned_from(train.samples())
        used = np.flatnonzero(counts[:, :-1].any(axis=0))
        moves, self._errors[used] = fitted(counts[:, used], energies - counts @ self._values, deviations)
        # To the hundredth, as tables are published and parameter files hold them.
        self._values[used] = (self._values[used] + moves).round(2)
        self._fitted = True
        if mixed := [TERMS[place] for place in used if np.isnan(self._errors[place])]:
            context.note(f"{len(energies)} duplexes do not tell {', '.join(mixed)} apart: these stay as near to the tables as may be")
        off = energies - counts @ self._values
        yield Progress(1, 1, True, {"rmse": float(np.sqrt(np.mean(off**2))), "chi2": float(np.mean((off / deviations) ** 2))}, total=1)

    def predict(self, batch: Batch[Row, Value]) -> list[Value]:
        """dG at 37 degrees Celsius in kcal/mol, float32 (1,); errors as `DuplexEnergies.predict`."""
        return _energies(batch, self._values)

    def state_dict(self) -> dict[str, Any]:
        """The terms, float64 (24,), and the standard errors of those that were fitted, by name."""
        errors = {name: error for name, error in zip(TERMS, self._errors.tolist(), strict=True) if not np.isnan(error)}
        return {"values": self._values.copy(), "errors": errors, "fitted": self._fitted}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state."""
        values = np.asarray(state["values"], dtype=np.float64)
        if values.shape != (len(TERMS),):
            raise PluginError(f"the state has {values.size} terms, the model {len(TERMS)}")
        self._values, self._fitted = values.copy(), bool(state["fitted"])
        self._errors = np.array([state["errors"].get(name, np.nan) for name in TERMS])


def fitted(counts: np.ndarray, energies: np.ndarray, deviations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted linear regression; of several solutions, the one of the least squares.

    Args:
        counts: of each term in each duplex, (N, K).
        energies: kcal/mol, (N,).
        deviations: their standard deviations, (N,).

    Returns:
        the terms' values and their standard errors, (K,) each; the error is NaN of terms that the duplexes do not tell apart.
    """
    weighted = counts / deviations[:, None]
    values = np.linalg.lstsq(weighted, energies / deviations, rcond=None)[0]
    _, sizes, axes = np.linalg.svd(weighted, full_matrices=True)
    told = np.zeros(len(axes), dtype=bool)
    told[: len(sizes)] = sizes > sizes.max(initial=0.0) * max(weighted.shape) * np.finfo(np.float64).eps
    errors = np.sqrt(np.sum((axes[told] / sizes[told[: len(sizes)]][:, None]) ** 2, axis=0))
    errors[np.abs(axes[~told]).max(axis=0, initial=0.0) > _MIXED] = np.nan
    return values, errors


def _learned_from(samples: Iterator[Sample[Row, Value]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts, energies, deviations = [], [], []
    for sample in samples:
        if sample.reference is None or "sd" not in sample.case.attributes:
            raise DataError(f"case {sample.case.id} has no energy, or no standard deviation `sd`, to learn from")
        _check(sample.inputs.names)
        counts.append(sample.inputs.values.double().numpy())
        energies.append(float(sample.reference.values[0]))
        deviations.append(float(sample.case.attributes["sd"]))
    return np.array(counts), np.array(energies), np.array(deviations)


def _energies(batch: Batch[Row, Value], values: np.ndarray) -> list[Value]:
    _check(batch.inputs.names)
    found = batch.inputs.values.double().cpu() @ torch.from_numpy(values)
    return [Value(energy.float().reshape(1), (_ENERGY,)) for energy in found]


def _check(names: tuple[str, ...]) -> None:
    if names != TERMS:
        raise DataError(f"columns {', '.join(names[:5])}: not the terms of the nearest-neighbour model, as rna/melting counts them")
