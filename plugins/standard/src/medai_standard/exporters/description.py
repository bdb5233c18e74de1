"""What a model is, as JSON beside its weights, and the model built again from it."""

from __future__ import annotations

from typing import Any

from medai.api import Use, predictor
from medai.tasks import Trained


def described(model: Trained) -> dict[str, Any]:
    """Id, parameters and task of a model, and where it comes from."""
    return {"model": model.use.id, "parameters": _parameters(model.use), "task": model.task, "about": dict(model.about)}


def rebuilt(description: dict[str, Any]) -> Any:
    """The model of a description as a predictor, on the CPU, its state not yet taken up.

    Raises:
        KeyError: it is no description of a model.
        UsageError, PluginError: the model cannot be built; as `medai.api.predictor`.
    """
    given = {name: _use(value) for name, value in description["parameters"].items()}
    return predictor(description["model"], description["task"], **given)


def _parameters(use: Use) -> dict[str, Any]:
    return {name: _document(value) for name, value in use.params.items()}


def _document(value: Any) -> Any:
    return {"use": value.id, **_parameters(value)} if isinstance(value, Use) else value


def _use(value: Any) -> Any:
    if isinstance(value, dict) and "use" in value:
        return Use(value["use"], {name: _use(item) for name, item in value.items() if name != "use"})
    return value
