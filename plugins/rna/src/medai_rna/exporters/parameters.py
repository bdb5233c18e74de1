"""Learnt energies as a parameter file that folding programs read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medai.api import predictor
from medai.errors import DataError, UsageError
from medai.io import write_csv, write_json
from medai.tasks import Batch, Predictor, Trained
from medai_rna.energies.par import write_par
from medai_rna.energies.tables import Energies

_PARAMETERS, _DESCRIPTION, _TERMS = "energies.par", "model.json", "terms.csv"


class ParameterFile:
    """`energies.par`, the tables with what was learnt in its place, in the format that ViennaRNA and others read (`RNAfold -P`);
    `model.json`, what else the model needs to be opened again; and of regressions `terms.csv`, each term with its standard error.

    A model can be exported so if it has `tables`, which are `Energies`, and `reader`: the id (`use`) and parameters of the model that reads
    them, beside `energies`.
    """

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write the files; return the parameter file, which `open` takes.

        Raises:
            UsageError: the model has no energies.
            EnvironmentFault: the disk is full.
        """
        learnt: Any = model.predictor
        tables = getattr(learnt, "tables", None)
        if not isinstance(tables, Energies):
            raise UsageError(f"{model.use.id} has no energies of loops: use standard/safetensors")
        write_par(tables, folder / _PARAMETERS)
        write_json(folder / _DESCRIPTION, {**learnt.reader, "task": model.task})
        if terms := getattr(learnt, "terms", None):
            columns = ("term", "energy (kcal/mol)", "standard error (kcal/mol)")
            write_csv(folder / _TERMS, columns, [dict(zip(columns, (name, *both), strict=True)) for name, both in terms.items()])
        return folder / _PARAMETERS

    def open(self, path: Path) -> Predictor[Any]:
        """The model that predicts by the written file.

        Raises:
            DataError: the files are not there or not what `write` wrote.
        """
        folder = path if path.is_dir() else path.parent
        try:
            described = dict(json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8")))
            model, task = str(described.pop("use")), str(described.pop("task"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"not what the exporter writes: {error}", folder / _DESCRIPTION) from error
        return predictor(model, task, **(described | {"energies": str(folder / _PARAMETERS)}))
