"""A task as its checks get it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from medai._discovery import load_target, registry
from medai._engine.models import build_predictor
from medai.api import Recipe, Spec
from medai.errors import MedaiError, UsageError
from medai.tasks import Batch, Sample, Task
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.subjects.component import ComponentSubject
from medai_sdk.contract.subjects.data import is_view, read_some
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.stub import INPUTS_OF, output, samples

_CASES = 4
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "stub data": {},
    "hard stub data": {"hard": True},
    "stub data in colour": {"channels": 3},
    "stub data of three axes": {"size": (4, 24, 32)},
}


class TaskSubject(ComponentSubject):
    """A task."""

    @functools.cached_property
    def task(self) -> Task[Any, Any, Any]:
        """The task.

        Raises:
            NotApplicable: it cannot be built; `task.can-be-built` says why.
        """
        try:
            made: Task[Any, Any, Any] = self.target()
        except Exception as error:
            raise NotApplicable("it could not be built: see task.can-be-built") from error
        return made

    @functools.cached_property
    def held(self) -> tuple[tuple[str, tuple[Sample[Any, Any], ...]], ...]:
        """Good samples with references, alike in shape, and what they are: stub data, or of the plugin's datasets of this task.

        Raises:
            NotApplicable: there are none; `task.has-samples` says so.
        """
        found = tuple((words, tuple(each)) for words, each in self._samples() if each)
        if not found:
            raise NotApplicable("there are no samples: see task.has-samples")
        return found

    def outputs(self) -> Iterator[tuple[str, Any, Batch[Any, Any]]]:
        """What plain modules give, and the batches: one case at a time, as exported modules answer, and two.

        Raises:
            NotApplicable: the plugin has no recipe of this task whose model is a plain module.
        """
        if self._medais_own:
            for words, held in self.held:
                for count in (1, 2):
                    batch = Batch.of(held[:count])
                    yield words, output(self.entry.spec.name, batch), batch
            return
        module = self._module()
        for words, held in self.held:
            for count in (1, 2):
                batch = Batch.of(held[:count])
                with torch.no_grad():
                    yield words, module(*self.task.arguments(batch)), batch

    @property
    def _medais_own(self) -> bool:
        return self.entry.plugin.name == "medai" and self.entry.spec.name in INPUTS_OF

    def _samples(self) -> Iterator[tuple[str, list[Sample[Any, Any]]]]:
        if self._medais_own:
            name = self.entry.spec.name
            for kind in INPUTS_OF[name]:
                for words, options in _OPTIONS.items() if kind == "image" else list(_OPTIONS.items())[:2]:
                    try:
                        yield f"{words} of {kind}", list(samples(name, kind, n=_CASES, **options))
                    except UsageError:
                        continue  # volumes, of a task of planes
            return
        for entry in registry().entries("dataset"):
            spec = entry.spec
            if entry.plugin == self.entry.plugin and isinstance(spec, Spec) and spec.task in (self.entry.spec.name, self.entry.id):
                if is_view(load_target(entry)):
                    continue
                subject = DatasetSubject(entry, self.fresh_folder("dataset"), self.watch)
                try:
                    for way in subject.prepare():
                        yield f"{entry.id} {way.words}", [each for each in read_some(way.fresh()) if each.reference is not None]
                except (Broken, MedaiError):
                    # What is wrong with it is said where the dataset itself is tried.
                    continue

    def _module(self) -> torch.nn.Module:
        for entry in registry().entries("recipe"):
            recipe = entry.spec
            if isinstance(recipe, Recipe) and recipe.task in (self.entry.spec.name, self.entry.id) and not recipe.upstream:
                predictor = build_predictor(recipe.model, self.task, device=torch.device("cpu"), seed=0)
                module = getattr(predictor, "module", None)
                if isinstance(module, torch.nn.Module):
                    return module.eval()
        raise NotApplicable("no recipe of this task has a plain module as its model")
