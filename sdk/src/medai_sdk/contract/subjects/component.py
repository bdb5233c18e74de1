"""What a check looks at: a component with all that is needed to try it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from medai._discovery import Entry, load_target
from medai._engine.construct import construct
from medai._engine.models import build_loss, build_predictor
from medai.api import Spec, Use
from medai.errors import EnvironmentFault, MedaiError
from medai.tasks import Batch, Predictor, Task
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.subjects.situation import Situation, situations
from medai_sdk.contract.watching.watch import Watch


class ComponentSubject:
    """A component, recipe or table.

    Attributes:
        entry: its spec and its plugin.
        folder: an empty folder to write in.
        watch: what was seen of the network and of files outside `folder` since the subject's first check.
    """

    def __init__(self, entry: Entry, folder: Path, watch: Watch) -> None:
        self.entry, self.folder, self.watch = entry, folder, watch

    @property
    def id(self) -> str:
        """`plugin/name`."""
        return self.entry.id

    @functools.cached_property
    def target(self) -> Any:
        """What the spec names, imported.

        Raises:
            NotApplicable: the entry is a recipe or a table, which name nothing to import.
            PluginError: it cannot be imported.
        """
        if not isinstance(self.entry.spec, Spec):
            raise NotApplicable(f"a {self.entry.kind} has no target")
        return load_target(self.entry)

    def try_out(self) -> None:
        """Raise unless it is of use."""
        if not callable(self.target):
            raise Broken(f"{self.target!r:.100} cannot be called")

    def fresh_folder(self, name: str) -> Path:
        """A new empty folder."""
        taken = sum(1 for each in self.folder.iterdir() if each.name.startswith(name))
        path = self.folder / f"{name}-{taken}"
        path.mkdir(parents=True)
        return path


class TriedSubject(ComponentSubject):
    """A component that is tried in a situation: a model, a loss, a metric or an exporter."""

    def __init__(self, entry: Entry, folder: Path, watch: Watch) -> None:
        super().__init__(entry, folder, watch)
        self._found: Situation | Broken | NotApplicable | None = None

    def prepare(self) -> None:
        """Find the first situation in which it can be built and answers.

        Raises:
            Broken: there is none, for the reasons given.
            NotApplicable: what it needs is not installed, or its data cannot be read.
        """
        if self._found is None:
            try:
                self._found = self._first()
            except NotApplicable as error:
                self._found = error
        if isinstance(self._found, Broken | NotApplicable):
            raise self._found

    @property
    def situation(self) -> Situation:
        """The situation.

        Raises:
            NotApplicable: there is none; `component.can-be-tried` says why.
        """
        try:
            self.prepare()
        except Broken as error:
            raise NotApplicable("it could not be tried: see component.can-be-tried") from error
        assert isinstance(self._found, Situation)
        return self._found

    @functools.cached_property
    def task(self) -> Task[Any, Any, Any]:
        """The task of the situation."""
        return self.situation.build_task()

    def try_out(self) -> None:
        """As `prepare`."""
        self.prepare()

    def build(self, use: Use | None = None) -> Any:
        """The component anew, or another one."""
        given = use or self.situation.use
        return construct(given.id, given.params, kind=self.entry.kind if use is None else None)

    def batch(self, count: int, *, start: int = 0, training: bool = True) -> Batch[Any, Any]:
        """A batch of `count` cases from number `start`, as training sees them or as evaluation does."""
        held = self.situation.training if training else self.situation.given
        return Batch.of([held[(start + place) % len(held)] for place in range(count)])

    def _try(self, situation: Situation) -> None:
        """Raise when the component is of no use in this situation."""
        construct(situation.use.id, situation.use.params, kind=self.entry.kind)

    def _first(self) -> Situation | Broken:
        faults: list[str] = []
        try:
            for situation in situations(self.entry):
                try:
                    self._try(situation)
                except EnvironmentFault as error:
                    if getattr(self.entry.spec, "needs", ()):
                        raise NotApplicable(str(error)) from error
                    return Broken(str(error), "say in the spec's `needs` what has to be installed")
                except (Exception, SystemExit) as error:
                    faults.append(f"in {situation.words}: {type(error).__name__}: {error}")
                else:
                    return situation
        except Broken as error:
            return error
        except MedaiError as error:
            faults.append(str(error))
        told = "; ".join(faults) or "there is no recipe with it and no stub data for its task and inputs"
        return Broken(told, "name its task and inputs in the spec, or give the spec an example, or add a recipe that uses it")


class ModelSubject(TriedSubject):
    """A model."""

    def predictor(self, seed: int = 0) -> Predictor[Any]:
        """The model as the engine builds it, on the CPU: its weights depend on the seed alone."""
        return build_predictor(self.situation.use, self.task, device=torch.device("cpu"), seed=seed)

    def loss(self) -> Callable[..., Any] | None:
        """The loss beside it; None where it brings its own."""
        return build_loss(self.situation.loss, torch.device("cpu"))  # type: ignore[no-any-return]

    def _try(self, situation: Situation) -> None:
        task = situation.build_task()
        predictor = build_predictor(situation.use, task, device=torch.device("cpu"), seed=0)
        if not hasattr(predictor, "fit") or hasattr(predictor, "module"):
            # Others have to be fitted before they answer.
            predictor.predict(Batch.of([situation.given[0]]))
