"""Weights in a file that needs no trust to open, with what is needed to build the model again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from medai.api import Use, build
from medai.errors import DataError, PluginError
from medai.io import replacing
from medai.tasks import Batch, Image, Predictor

_WEIGHTS, _DESCRIPTION, _FORMAT = "model.safetensors", "model.json", 1


class Safetensors:
    """`model.safetensors` and `model.json` (id and parameters of the model) in a folder.

    The model that is written has `use`, the `medai.api.Use` that it was built from, and `state_dict()`. A module's weights stand under
    `module`; what else its training kept is left out. The state of another learner is mappings of tensors, arrays and JSON values.
    """

    def write(self, model: Any, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write both files; return the description, which `open` takes.

        Raises:
            PluginError: the model does not say what it was built from, has no state, or has one that cannot be written.
            EnvironmentFault: the disk is full.
        """
        use = getattr(model, "use", None)
        if not isinstance(use, Use) or not hasattr(model, "state_dict"):
            raise PluginError(f"{type(model).__name__} has no state, or does not say by `use` what it was built from")
        state = model.state_dict()
        is_module = "module" in state
        tensors: dict[str, torch.Tensor] = {}
        plain = _pack(state["module"] if is_module else state, tensors, "")
        description = {"format": _FORMAT, "model": use.id, "parameters": _parameters(use), "module": is_module, "state": plain}
        try:
            text = json.dumps(description, indent=1) + "\n"
        except (TypeError, ValueError) as error:
            raise PluginError(f"{use.id}: its parameters or state cannot be written as JSON: {error}") from error
        with replacing(folder / _WEIGHTS) as temporary:
            save_file(tensors, temporary)
        with replacing(folder / _DESCRIPTION) as temporary:
            temporary.write_text(text, encoding="utf-8")
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
            model: Any = build(description["model"], **{name: _use(value) for name, value in description["parameters"].items()})
            model.load_state_dict(state)
        except (OSError, KeyError, ValueError, SafetensorError, RuntimeError) as error:
            raise DataError(f"not a model as this exporter writes it: {error}", folder) from error
        return _Module(model) if description["module"] and not hasattr(model, "predict") else model


class _Module:
    """A plain module of images as a predictor."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module.eval()

    def predict(self, batch: Batch[Image, Any]) -> list[Image]:
        with torch.no_grad():
            return [Image(pixels, batch.inputs.unit) for pixels in self._module(batch.inputs.pixels)]


def _parameters(use: Use) -> dict[str, Any]:
    return {name: _document(value) for name, value in use.params.items()}


def _document(value: Any) -> Any:
    return {"use": value.id, **_parameters(value)} if isinstance(value, Use) else value


def _use(value: Any) -> Any:
    if isinstance(value, dict) and "use" in value:
        return Use(value["use"], {name: _use(item) for name, item in value.items() if name != "use"})
    return value


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
