"""An exporter as its checks get it: with all the answers that it takes, or with a model that it takes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from medai._discovery import Entry, registry
from medai._engine.construct import construct
from medai.api import Spec, Train, Use
from medai.errors import DataError, EnvironmentFault, MedaiError, UsageError
from medai.tasks import Batch, Predictor
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.subjects.component import ModelSubject, TriedSubject
from medai_sdk.contract.subjects.models_to_export import trained
from medai_sdk.contract.subjects.situation import Situation, situations
from medai_sdk.contract.trials.answers import Answers, all_answers
from medai_sdk.contract.trials.comparing import copied
from medai_sdk.contract.watching.watch import Watch


@dataclass(frozen=True)
class Attempt:
    """What came of giving answers to an exporter.

    Attributes:
        given: the answers.
        refused: why its `check` refuses them, with a DataError; empty where it takes them.
        fault: what else was raised, by `check` or, where `check` takes them, by `write`.
        folder: where it wrote.
        files: what `write` gave.
    """

    given: Answers
    refused: str = ""
    fault: Exception | None = None
    folder: Path | None = None
    files: Any = ()

    @property
    def taken(self) -> bool:
        """Whether the answers were written."""
        return not self.refused and self.fault is None


@dataclass(frozen=True)
class WrittenModel:
    """A model that an exporter wrote.

    Attributes:
        predictor: the model that it was given.
        batches: of one case and of two.
        before: what the model predicted for each batch before it was written.
        module: the torch module in it, if there is one.
        weights: what the module held before it was written; nothing where there is none.
        folder: where it was to write.
        path: what `write` gave.
    """

    predictor: Predictor[Any]
    batches: tuple[Batch[Any, Any], ...]
    before: tuple[list[Any], ...]
    module: nn.Module | None
    weights: Mapping[str, Any]
    folder: Path
    path: Any


class ExporterSubject(TriedSubject):
    """An exporter of predictions or of a model."""

    def __init__(self, entry: Entry, folder: Path, watch: Watch) -> None:
        super().__init__(entry, folder, watch)
        self._written: WrittenModel | None = None
        self._faults: list[tuple[str, Exception]] = []

    @property
    def of_model(self) -> bool:
        """Whether it writes models, not predictions."""
        return getattr(self.entry.spec, "of", "predictions") == "model"

    @functools.cached_property
    def attempts(self) -> tuple[Attempt, ...]:
        """What came of the answers of every task and input that its spec says it is for, some of which it may refuse.

        Raises:
            NotApplicable: it writes models.
        """
        if self.of_model:
            raise NotApplicable("it writes models, not predictions")
        found = self._attempted(all_answers(self.fresh_folder("given")))
        if not any(attempt.taken for attempt in found):
            found += self._attempted(Answers.to(list(each.given), each.task, "", each.words) for each in situations(self.entry))
        return tuple(found)

    @property
    def taken(self) -> list[Attempt]:
        """The attempts that were written.

        Raises:
            NotApplicable: it writes models, or nothing could be written; `component.can-be-tried` says why.
        """
        assert self.situation
        return [attempt for attempt in self.attempts if attempt.taken]

    def write(self, given: Answers) -> tuple[Path, list[Path]]:
        """Write answers with an exporter built anew into a new folder; the folder, and the files that it names."""
        folder = self.fresh_folder("out") / "written"
        folder.mkdir()
        return folder, self.build().write(given.copied().rows(), folder)

    @property
    def written(self) -> WrittenModel:
        """A model that it takes, and what became of it; it is written once.

        Raises:
            NotApplicable: it writes predictions, or could not be tried.
        """
        if not self.of_model:
            raise NotApplicable("it writes predictions, not models")
        assert self.situation
        assert self._written is not None
        return self._written

    @property
    def faults(self) -> list[tuple[str, Exception]]:
        """What went wrong with models that it was given before the one that it wrote.

        Raises:
            NotApplicable: as `written`.
        """
        assert self.written
        return self._faults

    @property
    def _spec(self) -> Spec:
        assert isinstance(self.entry.spec, Spec)
        return self.entry.spec

    @property
    def _use(self) -> Use:
        return Use(self.entry.id, dict(self._spec.example))

    def _first(self) -> Situation | Broken:
        try:
            construct(self._use.id, self._use.params, kind="exporter")
            return self._with_model() if self.of_model else self._with_answers()
        except EnvironmentFault as error:
            if self._spec.needs:
                raise NotApplicable(str(error)) from error
            return Broken(f"{error}", "say in the spec's `needs` what has to be installed")
        except MedaiError as error:
            return Broken(str(error), "give the spec an example")

    def _with_answers(self) -> Situation | Broken:
        for attempt in self.attempts:
            if attempt.taken:
                given = attempt.given
                return Situation(given.words, given.task, self._use, None, None, Train(steps=1), given.samples, given.samples)
        for attempt in self.attempts:
            if isinstance(attempt.fault, EnvironmentFault):
                raise attempt.fault
        told = [f"{each.given.words}: {each.refused or each.fault}" for each in self.attempts]
        return Broken(f"it writes none of the answers offered: {'; '.join(told)}", "name its task in the spec, or give the spec an example")

    def _with_model(self) -> Situation | Broken:
        for situation in self._models():
            try:
                self._written = self._write_model(situation)
            except (UsageError, NotApplicable):
                continue  # it says itself that it is not for such models
            except EnvironmentFault:
                raise
            except Exception as error:
                self._faults.append((situation.words, error))
            else:
                return dataclasses.replace(situation, use=self._use)
        told = (
            "; ".join(f"{words}: {type(error).__name__}: {error}" for words, error in self._faults) or "it takes no model that is installed"
        )
        return Broken(f"it writes none of the models offered: {told}", "offer a model in the same plugin that it takes")

    def _write_model(self, situation: Situation) -> WrittenModel:
        model = trained(situation)
        batches = tuple(Batch.of([situation.training[place % len(situation.training)] for place in range(count)]) for count in (1, 2))
        before = tuple(model.predictor.predict(batch) for batch in batches)
        weights = {} if model.module is None else copied(dict(model.module.state_dict()))
        folder = self.fresh_folder("out") / "written"
        folder.mkdir()
        path = construct(self._use.id, self._use.params, kind="exporter").write(model, batches[0], folder)
        return WrittenModel(model.predictor, batches, before, model.module, weights, folder, path)

    def _models(self) -> Iterator[Situation]:
        """Models with all that is needed to build them, those of the same plugin first."""
        entries = registry().entries("model")
        own = [entry for entry in entries if entry.plugin == self.entry.plugin]
        for entry in [*own, *(entry for entry in entries if entry not in own)]:
            if self.entry.spec.task in ("", entry.spec.task):
                subject = ModelSubject(entry, self.fresh_folder("model"), self.watch)
                try:
                    found = subject.situation
                except (NotApplicable, MedaiError):
                    continue  # said where that model is tried
                yield dataclasses.replace(found, words=f"model {entry.id}", model=found.use)

    def _is_for(self, given: Answers) -> bool:
        spec = self._spec
        return spec.task in ("", given.task, f"medai/{given.task}") and (not spec.inputs or not given.inputs or given.inputs in spec.inputs)

    def _attempted(self, offered: Iterable[Answers]) -> list[Attempt]:
        # Of other tasks nobody asks it: the engine lets nothing but its own reach it.
        return [self._attempt(given) for given in offered if self._is_for(given)]

    def _attempt(self, given: Answers) -> Attempt:
        exporter = construct(self._use.id, self._use.params, kind="exporter")
        check = getattr(exporter, "check", None)
        try:
            for sample, answer in given.copied().rows():
                if check is not None:
                    check(sample, answer)
        except DataError as error:
            return Attempt(given, refused=str(error) or "refused")
        except Exception as error:
            return Attempt(given, fault=error)
        folder = self.fresh_folder("out") / "written"
        folder.mkdir()
        try:
            files = exporter.write(given.copied().rows(), folder)
        except DataError as error:
            # Without a `check` it can only say it here.
            return Attempt(given, refused=str(error)) if check is None else Attempt(given, fault=error)
        except Exception as error:
            return Attempt(given, fault=error)
        return Attempt(given, folder=folder, files=files)
