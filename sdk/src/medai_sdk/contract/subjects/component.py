"""What a check looks at: a component with all that is needed to try it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from medai._discovery import Entry, load_target
from medai._engine.construct import construct
from medai._engine.models import build_loss, build_predictor
from medai.api import Spec, Use
from medai.errors import EnvironmentFault, MedaiError
from medai.tasks import Batch, Image, Predictor, Task
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.subjects.failed import Failed
from medai_sdk.contract.subjects.situation import Situation, situations
from medai_sdk.contract.watching.watch import Watch

_FAR = 100.0
"""Standard deviations of the references that no answer in their unit is off, trained or not; HU are thousands off 0..1."""


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
        self._failed = Failed()

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
        """As `prepare`.

        Raises:
            Broken: as `prepare`; or a recipe that names it was tried first, and it fails there.
            NotApplicable: as `prepare`.
        """
        self.prepare()
        if self._failed.named:
            raise self._failed.in_recipes(self.situation.words)

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

    def _suits(self, situation: Situation) -> bool:
        """Whether a situation in which it is of use is one that it is made for, as far as can be told without a check."""
        return True

    def _first(self) -> Situation | Broken:
        second: Situation | None = None
        try:
            for situation in situations(self.entry):
                try:
                    self._try(situation)
                    suits = self._suits(situation)
                except EnvironmentFault as error:
                    if getattr(self.entry.spec, "needs", ()):
                        raise NotApplicable(str(error)) from error
                    return Broken(str(error), "say in the spec's `needs` what has to be installed")
                except (Exception, SystemExit) as error:
                    self._failed.add(situation, error)
                else:
                    if suits:
                        return situation
                    second = second or situation
        except NotApplicable:
            # That the data of one recipe cannot be read says nothing of another, in which it fails.
            if not self._failed.named:
                raise
        except Broken as error:
            if not self._failed.named:
                return error
        except MedaiError as error:
            self._failed.add_end(error)
        return second or self._failed.everywhere()


class ModelSubject(TriedSubject):
    """A model."""

    def predictor(self, seed: int = 0) -> Predictor[Any]:
        """The model as the engine builds it, on the CPU: its weights depend on the seed alone."""
        return build_predictor(self.situation.use, self.task, device=torch.device("cpu"), seed=seed)

    def loss(self) -> Callable[..., Any] | None:
        """The loss beside it; None where it brings its own."""
        return build_loss(self.situation.loss, torch.device("cpu"))  # type: ignore[no-any-return]

    def _try(self, situation: Situation) -> None:
        if (predictor := self._unfitted(situation)) is not None:
            predictor.predict(Batch.of([situation.given[0]]))

    def _suits(self, situation: Situation) -> bool:
        """Of stub data, which may be of any kind, whether it answers two cases too, as the task has it, and is not far off their scale.

        A convolution of volumes takes a batch of one image for a volume without a batch; a network for HU answers 0..1 as well.
        """
        predictor = self._unfitted(situation) if situation.words.startswith("stub data") else None
        if predictor is None:
            return True
        task, cases = situation.build_task(), situation.training[:2]
        try:
            found = predictor.predict(Batch.of(cases))
            for prediction, sample in zip(found, cases, strict=True):
                task.check_prediction(prediction, sample)
        except Exception:
            return False
        references = [sample.reference for sample in cases]
        return not all(isinstance(each, Image) for each in (*found, *references)) or _error(found, references) < _FAR

    def _unfitted(self, situation: Situation) -> Predictor[Any] | None:
        """The model as it begins; None where it has to be fitted before it answers."""
        predictor = build_predictor(situation.use, situation.build_task(), device=torch.device("cpu"), seed=0)
        return predictor if not hasattr(predictor, "fit") or hasattr(predictor, "module") else None


def _error(found: Sequence[Any], references: Sequence[Any]) -> float:
    """The largest error of images, in standard deviations of the references."""
    ours, theirs = (torch.stack([each.pixels.detach() for each in images]) for images in (found, references))
    return float((ours - theirs).abs().max() / theirs.std(correction=0).clamp(min=1e-6))
