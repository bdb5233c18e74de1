"""What stands in for the runs of earlier recipes: their models, before they have learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from medai._engine.configure import Configuration, Request, configure, informed
from medai._engine.data import facts_of, open_slots
from medai._engine.models import build_predictor, build_task
from medai.api import Recipe
from medai.errors import MedaiError
from medai.tasks import Batch, Predictor, Sample


class UntrainedRun:
    """A `medai.tasks.Run` of a recipe that was not run."""

    trained_groups: frozenset[str] = frozenset()

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.folder, self._recipe = folder, recipe
        self._predictor: Predictor[Any] | None = None

    def predict(self, samples: Sequence[Sample[Any, Any]]) -> list[Any]:
        """One prediction per sample, by the weights that the model begins with."""
        if self._predictor is None:
            self._predictor = build_predictor(self._recipe.model, build_task(self._recipe.task), device=torch.device("cpu"), seed=0)
        return self._predictor.predict(Batch.of([replace(sample, reference=None) for sample in samples]))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_predictor": None}


def untrained_runs(recipe: Recipe, folders: Callable[[str], Path]) -> dict[str, UntrainedRun]:
    """The runs that a recipe names as its upstream.

    Args:
        recipe: which has an upstream, or none.
        folders: makes a fresh empty folder of a name.

    Raises:
        MedaiError: an earlier recipe cannot be resolved on its stub data.
    """
    return {name: UntrainedRun(on_stub_data(id, folders).recipe, folders("run")) for name, id in recipe.upstream.items()}


def on_stub_data(id: str, folders: Callable[[str], Path]) -> Configuration:
    """A recipe on its stub data, or on its embedded data where it has no other, with what those say of themselves.

    Raises:
        MedaiError: it cannot be resolved.
    """
    try:
        configuration = configure(Request(id, stub=True), stub_root=folders("recipe"))
    except MedaiError:
        configuration = configure(Request(id))
    if configuration.recipe.upstream:
        return configuration
    return informed(configuration, facts_of(open_slots(configuration.recipe, {})))
