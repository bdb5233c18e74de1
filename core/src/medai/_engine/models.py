"""Models as predictors: a recipe's model built and adapted, and trained again from a run folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medai._discovery import load_target, registry
from medai._engine.checkpoint import load_state, take_up
from medai._engine.configure import restore
from medai._engine.construct import Runs, construct
from medai._engine.module import ModuleLearner
from medai._results.folder import RunFolder, read_json
from medai.api import Use
from medai.errors import DataError, PluginError
from medai.tasks import Batch, Predictor, Sample, Task


def build_task(name: str) -> Task[Any, Any, Any]:
    """The task by name or id."""
    target: Any = load_target(registry().find("task", name))
    task: Task[Any, Any, Any] = target()
    return task


def build_predictor(use: Use, task: Task[Any, Any, Any], *, device: torch.device, seed: int, runs: Runs | None = None) -> Predictor[Any]:
    """A model as a predictor on `device`; its initial weights depend on the seed alone.

    Raises:
        PluginError: the object can neither be trained by the engine nor asked for predictions.
    """
    torch.manual_seed(seed)
    return adapt(construct(use.id, use.params, kind="model", runs=runs), task, use, device)


def build_loss(use: Use | None, device: torch.device) -> Any:
    """The recipe's loss on `device`, its own networks frozen; None when the model brings its own."""
    loss = None if use is None else construct(use.id, use.params, kind="loss")
    return loss.to(device).requires_grad_(False).eval() if isinstance(loss, nn.Module) else loss


def adapt(component: Any, task: Task[Any, Any, Any], use: Use, device: torch.device) -> Predictor[Any]:
    """A plain module gets the adapter; whatever fits or predicts by itself stays as it is."""
    if isinstance(component, nn.Module) and not hasattr(component, "fit"):
        return ModuleLearner(component, task, use).to(device)
    if not hasattr(component, "predict"):
        raise PluginError(f"model {use.id} is neither a torch module nor has it predict(batch)")
    if isinstance(component, nn.Module):
        component.to(device)
    predictor: Predictor[Any] = component
    return predictor


def learns(predictor: Predictor[Any]) -> bool:
    """Whether there is something to fit."""
    return hasattr(predictor, "fit")


def trained_predictor(folder: RunFolder, device: torch.device) -> Predictor[Any]:
    """The model of a finished run with its best weights, or its last where there was no validation.

    Raises:
        DataError: the run has no checkpoint yet.
    """
    record = folder.read_record()
    configuration = restore(record)
    recipe = configuration.recipe
    runs = {name: FinishedRun.of(folder, item) for name, item in record["upstream"].items()}
    predictor = build_predictor(without_start(recipe.model), build_task(recipe.task), device=device, seed=record["seed"], runs=runs)
    if learns(predictor):
        load_weights(predictor, folder)
    return predictor


def without_start(use: Use) -> Use:
    """The model, or one of models within models, without the published weights that its training started from.

    A trained model is opened with its own weights, and must open where the others are not.
    """
    params = {name: without_start(value) if isinstance(value, Use) else value for name, value in use.params.items()}
    return Use(use.id, params | ({"pretrained": None} if params.get("pretrained") is not None else {}))


def load_weights(predictor: Any, folder: RunFolder) -> None:
    """Take up the weights to evaluate: the best, or the last where no figure chose any."""
    path = folder.best if folder.best.exists() else folder.last
    if not path.exists():
        raise DataError("the run has no checkpoint: it has not been trained", folder.root)
    take_up(predictor, load_state(path)["learner"], path)


def told_apart(uses: Sequence[Use], taken: str = "") -> dict[str, Use]:
    """Components by id; of those that share an id, with the first parameter that tells them apart, else with a number; one that has the
    name `taken`, of the recipe beside which they stand, with its parameters."""
    named: dict[str, Use] = {}
    for use in uses:
        alike = [other for other in uses if other.id == use.id]
        telling = (key for key in use.params if len({repr(other.params.get(key)) for other in alike}) == len(alike))
        key = next(telling, None) if len(alike) > 1 else None
        name = use.id if key is None else f"{use.id} ({use.params[key]})"
        if name == taken:
            name = f"{name} ({', '.join(f'{key}={value}' for key, value in use.params.items()) or 'baseline'})"
        number = sum(known.partition(" ")[0] == use.id for known in named) + 1
        named[f"{name} {number}" if name in named else name] = use
    return named


def size_of(model: Any) -> dict[str, int]:
    """How many parameters it has, and how many of them are trained; empty for what is no torch module."""
    module = getattr(model, "module", model)
    if not isinstance(module, nn.Module):
        return {}
    found = list(module.parameters())
    return {"parameters": sum(item.numel() for item in found), "trainable": sum(item.numel() for item in found if item.requires_grad)}


@dataclass
class FinishedRun:
    """An upstream run as a parameter: a `medai.tasks.Run`. Only the folder travels to other processes; the model is loaded there."""

    folder: Path
    trained_groups: frozenset[str]

    @classmethod
    def of(cls, run: RunFolder, record: Mapping[str, Any]) -> FinishedRun:
        """The upstream run that a run's record names; a relative folder is the run's own."""
        return cls.at(RunFolder(run.root / record["folder"]))

    @classmethod
    def at(cls, folder: RunFolder) -> FinishedRun:
        """The run in a folder."""
        from medai._engine.data import group_roles

        roles = group_roles(folder)
        return cls(folder.root, frozenset(group for group, role in roles.items() if role in ("train", "valid")))

    @property
    def figures(self) -> Mapping[str, float]:
        """What was measured on its test cases, by name; NaN where it is not defined."""
        figures = read_json(RunFolder(self.folder).summary, "the run has no summary.json")["figures"]
        return {name: math.nan if figure["value"] is None else float(figure["value"]) for name, figure in figures.items()}

    def predict(self, samples: Sequence[Sample[Any, Any]]) -> list[Any]:
        """One prediction per sample, on the CPU."""
        predictor = self.__dict__.get("_predictor")
        if predictor is None:
            predictor = self.__dict__["_predictor"] = trained_predictor(RunFolder(self.folder), torch.device("cpu"))
        return [predictor.predict(Batch.of([sample]))[0] for sample in samples]

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "trained_groups": self.trained_groups}
