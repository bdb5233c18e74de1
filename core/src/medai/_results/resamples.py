"""`resamples.npz`: the figures of each resample, so that what two runs reached on the same groups can be compared draw by draw.

Four arrays with a row per predictor and figure, readable by `numpy.load` without pickle: `predictor` and `figure` are their names,
`groups` the hash of the groups that were drawn from, and `draws` float64 (rows, resamples).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medai._results.bootstrap import Draws
from medai.errors import DataError
from medai.io import write_bytes


@dataclass(frozen=True)
class Resamples:
    """What one predictor reached in each resample.

    Attributes:
        predictor: `model` or a baseline's name.
        groups: the hash of the groups that were drawn from; draws of one hash are paired.
        draws: by figure, float64 (R,).
    """

    predictor: str
    groups: str
    draws: Mapping[str, Draws]


def groups_hash(groups: Iterable[str]) -> str:
    """The first 16 digits of the SHA-256 of the groups' names, each once and in order: what decides which are drawn."""
    return hashlib.sha256("\n".join(sorted(set(groups))).encode()).hexdigest()[:16]


def write_resamples(path: Path, found: Sequence[Resamples]) -> None:
    """Write the file whole; errors as `medai.io.write_bytes`."""
    rows = [(item.predictor, name, item.groups, values) for item in found for name, values in item.draws.items()]
    predictors, figures, groups, draws = zip(*rows, strict=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, predictor=np.array(predictors), figure=np.array(figures), groups=np.array(groups), draws=np.stack(draws))
    write_bytes(path, buffer.getvalue())


def read_resamples(path: Path) -> dict[str, Resamples]:
    """The resamples by predictor; none where there is no file.

    Raises:
        DataError: the file is not what medai writes.
    """
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            predictors, figures, groups = (file[name].tolist() for name in ("predictor", "figure", "groups"))
            draws = file["draws"].astype(np.float64)
        rows = list(zip(predictors, figures, groups, draws, strict=True))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot be read: {error}", path) from error
    found: dict[str, Resamples] = {}
    for predictor, figure, hashed, values in rows:
        before = found[predictor].draws if predictor in found else {}
        found[predictor] = Resamples(predictor, hashed, {**before, figure: values})
    return found
