"""A model of scikit-learn as a skops file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError, PluginError, UsageError
from medai.io import write_bytes, write_text
from medai.tasks import Batch, Predictor, Trained
from medai_standard.exporters.description import described, rebuilt

_ESTIMATOR, _DESCRIPTION, _FORMAT = "model.skops", "model.json", 1


class Skops:
    """`model.skops`, the fitted estimator, and `model.json` (id, parameters and task of the model, and the rest of its state).

    Any program reads the estimator: `skops.io.load("model.skops", trusted=skops.io.get_untrusted_types(file="model.skops"))`, after a
    look at those types. A model can be exported so if its state holds `estimator`, the bytes of a skops file as uint8 (n,), beside JSON
    values; `open` reads the file when its types are those of scikit-learn, numpy and scipy alone.
    """

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write both files; return the description, which `open` takes.

        Raises:
            UsageError: the model is none of scikit-learn's.
            PluginError: a parameter or the rest of the state cannot be written as JSON.
            EnvironmentFault: the disk is full.
        """
        held = model.state.get("estimator")
        if not isinstance(held, np.ndarray) or held.dtype != np.uint8:
            raise UsageError(f"{model.use.id} holds no estimator of scikit-learn: use standard/safetensors")
        rest = {name: value for name, value in model.state.items() if name != "estimator"}
        try:
            text = json.dumps({"format": _FORMAT, **described(model), "state": rest}, indent=1) + "\n"
        except (TypeError, ValueError) as error:
            raise PluginError(f"{model.use.id}: its parameters or state cannot be written as JSON: {error}") from error
        write_bytes(folder / _ESTIMATOR, held.tobytes())
        write_text(folder / _DESCRIPTION, text)
        return folder / _DESCRIPTION

    def open(self, path: Path) -> Predictor[Any]:
        """The written model; `path` is the folder or a file in it.

        Raises:
            DataError: the files are not there, are not what `write` wrote, or the estimator holds types that are not taken.
        """
        from medai_standard.models.estimators import opened

        folder = path if path.is_dir() else path.parent
        try:
            description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
            held = (folder / _ESTIMATOR).read_bytes()
            opened(held)  # looked at here, because not every model looks itself
            model = rebuilt(description)
            model.load_state_dict({**description["state"], "estimator": np.frombuffer(held, dtype=np.uint8)})
        except (OSError, KeyError, TypeError, ValueError, PluginError) as error:
            raise DataError(f"not a model as this exporter writes it: {error}", folder) from error
        predictor: Predictor[Any] = model
        return predictor
