"""A task as its checks get it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from medai._discovery import Entry, load_target, registry
from medai._engine.models import build_predictor
from medai.api import Recipe, Spec
from medai.errors import DataError, UsageError
from medai.tasks import Batch, Image, Row, Sample, Task
from medai.tasks.images_or_rows import check_input
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import ComponentSubject
from medai_sdk.contract.subjects.data import is_view, read_some
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.watching.watch import Watch
from medai_sdk.stub import INPUTS_OF, output, samples

_CASES = 4
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "stub data": {},
    "hard stub data": {"hard": True},
    "stub data in colour": {"channels": 3},
    "stub data of three axes": {"size": (4, 24, 32)},
}


class Unreadable(NotApplicable):
    """A dataset of the task cannot be read, which is the dataset's fault."""


class TaskSubject(ComponentSubject):
    """A task."""

    def __init__(self, entry: Entry, folder: Path, watch: Watch) -> None:
        super().__init__(entry, folder, watch)
        self._unread: list[str] = []

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
            Unreadable: there are none, because a dataset of this task cannot be read.
            NotApplicable: there are none; `task.has-samples` says so.
        """
        found = tuple((words, tuple(each)) for words, each in self._samples() if each)
        if not found and self._unread:
            raise Unreadable(f"its data could not be read: see dataset {self._unread[0]}")
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
                    held = [(way.words, read_some(way.fresh())) for way in subject.prepare()]
                    for sample in (each for _, found in held for each in found):
                        self._require_readable(sample)
                except (Exception, SystemExit):
                    # What is wrong with it is said where the dataset itself is tried.
                    self._unread.append(entry.id)
                    continue
                yield from ((f"{entry.id} {words}", [each for each in found if each.reference is not None]) for words, found in held)

    def _require_readable(self, sample: Sample[Any, Any]) -> None:
        """Raise where a sample is not as any task has it: then it is its dataset's fault that this task refuses it."""
        if isinstance(sample.inputs, Image | Row):
            check_input(sample)
        wanted = self.task.reference
        if isinstance(wanted, type) and not isinstance(sample.reference, wanted | None):
            raise DataError(f"case {sample.case.id} has a reference of another type")

    def _module(self) -> torch.nn.Module:
        for entry in registry().entries("recipe"):
            recipe = entry.spec
            if isinstance(recipe, Recipe) and recipe.task in (self.entry.spec.name, self.entry.id) and not recipe.upstream:
                predictor = build_predictor(recipe.model, self.task, device=torch.device("cpu"), seed=0)
                module = getattr(predictor, "module", None)
                if isinstance(module, torch.nn.Module):
                    return module.eval()
        raise NotApplicable("no recipe of this task has a plain module as its model")
