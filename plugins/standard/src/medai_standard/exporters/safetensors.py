"""Weights in a file that needs no trust to open, with what is needed to build the model again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from medai.errors import DataError, PluginError
from medai.io import write_bytes, write_text
from medai.tasks import Batch, Predictor, Trained
from medai_standard.exporters.description import described, rebuilt

_WEIGHTS, _DESCRIPTION, _FORMAT = "model.safetensors", "model.json", 1


class Safetensors:
    """`model.safetensors` and `model.json` (id, parameters and task of the model) in a folder.

    A module's weights bear their own names. The state of another learner is mappings of tensors, arrays and JSON values.
    """

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write both files; return the description, which `open` takes.

        Raises:
            PluginError: a parameter or a value of the state cannot be written.
            EnvironmentFault: the disk is full.
        """
        is_module = set(model.state) == {"module"}
        tensors: dict[str, torch.Tensor] = {}
        plain = _pack(model.state["module"] if is_module else model.state, tensors, "")
        try:
            text = json.dumps({"format": _FORMAT, **described(model), "module": is_module, "state": plain}, indent=1) + "\n"
        except (TypeError, ValueError) as error:
            raise PluginError(f"{model.use.id}: its parameters or state cannot be written as JSON: {error}") from error
        # Not `save_file`, whose files only their owner may read.
        write_bytes(folder / _WEIGHTS, save(tensors))
        write_text(folder / _DESCRIPTION, text)
        return folder / _DESCRIPTION

    def open(self, path: Path) -> Predictor[Any]:
        """The written model, on the CPU; `path` is the folder or a file in it.

        Raises:
            DataError: the files are not there, or are not what `write` wrote.
        """
        folder = path if path.is_dir() else path.parent
        try:
            description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
            with safe_open(folder / _WEIGHTS, framework="pt") as file:
                state = _unpack(description["state"], {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118  not a mapping
            model = rebuilt(description)
            model.load_state_dict({"module": state} if description["module"] else state)
        except (OSError, KeyError, ValueError, SafetensorError, RuntimeError) as error:
            raise DataError(f"not a model as this exporter writes it: {error}", folder) from error
        opened: Predictor[Any] = model
        return opened


def _pack(value: Any, tensors: dict[str, torch.Tensor], name: str) -> Any:
    """The structure of a state, tensors and arrays taken out by name."""
    if isinstance(value, Mapping):
        return {str(key): _pack(item, tensors, f"{name}.{key}" if name else str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(item, tensors, f"{name}.{place}") for place, item in enumerate(value)]
    if isinstance(value, torch.Tensor):
        # A copy: safetensors refuses tensors that share memory, as tied weights do.
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {"tensor": name}
    if type(value).__module__ == "numpy":
        tensors[name] = torch.as_tensor(value).clone()
        return {"array": name}
    return value


def _unpack(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"tensor"}:
            return tensors[value["tensor"]]
        if set(value) == {"array"}:
            return tensors[value["array"]].numpy()
        return {key: _unpack(item, tensors) for key, item in value.items()}
    return [_unpack(item, tensors) for item in value] if isinstance(value, list) else value
