"""An exporter as its checks get it: with all the answers that it takes, or with a model that it takes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._discovery import registry
from medai._engine.construct import construct
from medai.api import Spec, Train, Use
from medai.errors import DataError, EnvironmentFault, MedaiError, UsageError
from medai.tasks import Batch, Trained
from medai_sdk.contract.answers import Answers, all_answers
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.models_to_export import trained
from medai_sdk.contract.situation import Situation, situations
from medai_sdk.contract.subjects import ModelSubject, TriedSubject


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


class ExporterSubject(TriedSubject):
    """An exporter of predictions or of a model."""

    @property
    def of_model(self) -> bool:
        """Whether it writes models, not predictions."""
        return getattr(self.entry.spec, "of", "predictions") == "model"

    @functools.cached_property
    def attempts(self) -> tuple[Attempt, ...]:
        """What came of the answers of every task: those that it is for, and others, which it may refuse.

        Raises:
            NotApplicable: it writes models.
        """
        if self.of_model:
            raise NotApplicable("it writes models, not predictions")
        offered = list(all_answers(self.fresh_folder("given")))
        found = [self._attempt(answers) for answers in offered]
        if not any(attempt.taken for attempt in found):
            found += [self._attempt(Answers.to(list(each.given), each.task, "", each.words)) for each in situations(self.entry)]
        return tuple(found)

    @property
    def taken(self) -> list[Attempt]:
        """The attempts that were written.

        Raises:
            NotApplicable: it writes models, or nothing could be written; `component.can-be-tried` says why.
        """
        assert self.situation
        return [attempt for attempt in self.attempts if attempt.taken and self._is_for(attempt.given)]

    def write(self, given: Answers) -> tuple[Path, list[Path]]:
        """Write answers with an exporter built anew into a new folder; the folder, and the files that it names."""
        folder = self.fresh_folder("out") / "written"
        folder.mkdir()
        return folder, self.build().write(given.rows(), folder)

    @functools.cached_property
    def model(self) -> Trained:
        """A model that it takes, trained or with weights that no seed gives.

        Raises:
            NotApplicable: it writes predictions, or could not be tried.
        """
        if not self.of_model:
            raise NotApplicable("it writes predictions, not models")
        return trained(self.situation)

    def write_model(self) -> tuple[Path, Path]:
        """Write the model into a new folder; the folder, and what `write` gave."""
        model, folder = self.model, self.fresh_folder("out") / "written"
        folder.mkdir()
        return folder, self.build().write(model, self.batch(1), folder)

    def _first(self) -> Situation | Broken:
        use = Use(self.entry.id, dict(self.entry.spec.example)) if isinstance(self.entry.spec, Spec) else Use(self.entry.id)
        try:
            construct(use.id, use.params, kind="exporter")
        except EnvironmentFault as error:
            if getattr(self.entry.spec, "needs", ()):
                raise NotApplicable(str(error)) from error
            return Broken(f"{error}", "say in the spec's `needs` what has to be installed")
        except MedaiError as error:
            return Broken(str(error), "give the spec an example")
        return self._with_model(use) if self.of_model else self._with_answers(use)

    def _with_answers(self, use: Use) -> Situation | Broken:
        for attempt in self.attempts:
            if attempt.taken and self._is_for(attempt.given):
                given = attempt.given
                return Situation(given.words, given.task, use, None, None, Train(steps=1), given.samples, given.samples)
        told = [f"{each.given.words}: {each.refused or each.fault}" for each in self.attempts if self._is_for(each.given)]
        return Broken(f"it writes none of the answers offered: {'; '.join(told)}", "name its task in the spec, or give the spec an example")

    def _with_model(self, use: Use) -> Situation | Broken:
        faults = []
        for situation in self._models():
            beside = Situation(
                situation.words, situation.task, use, situation.model, None, situation.train, situation.given, situation.training
            )
            folder = self.fresh_folder("tried")
            try:
                construct(use.id, use.params, kind="exporter").write(trained(situation), Batch.of(situation.training[:1]), folder)
            except (UsageError, NotApplicable):
                continue  # it says itself that it is not for such models
            except Exception as error:
                faults.append(f"{situation.words}: {type(error).__name__}: {error}")
            else:
                return beside
        told = "; ".join(faults) or "no model is installed that it takes"
        return Broken(f"it writes none of the models offered: {told}", "offer a model in the same plugin that it takes")

    def _models(self) -> Any:
        """Models with all that is needed to build them, those of the same plugin first."""
        entries = registry().entries("model")
        own = [entry for entry in entries if entry.plugin == self.entry.plugin]
        for entry in [*own, *(entry for entry in entries if entry not in own)]:
            if self.entry.spec.task in ("", entry.spec.task):  # type: ignore[union-attr]
                subject = ModelSubject(entry, self.fresh_folder("model"), self.watch)
                try:
                    found = subject.situation
                except (NotApplicable, MedaiError):
                    continue  # said where that model is tried
                yield Situation(f"model {entry.id}", found.task, found.use, found.use, found.loss, found.train, found.given, found.training)

    def _is_for(self, given: Answers) -> bool:
        spec = self.entry.spec
        assert isinstance(spec, Spec)
        return spec.task in ("", given.task, f"medai/{given.task}") and (not spec.inputs or not given.inputs or given.inputs in spec.inputs)

    def _attempt(self, given: Answers) -> Attempt:
        use = Use(self.entry.id, dict(self.entry.spec.example)) if isinstance(self.entry.spec, Spec) else Use(self.entry.id)
        exporter = construct(use.id, use.params, kind="exporter")
        check = getattr(exporter, "check", None)
        try:
            for sample, answer in given.rows() if check is not None else ():
                check(sample, answer)
        except DataError as error:
            return Attempt(given, refused=str(error) or "refused")
        except Exception as error:
            return Attempt(given, fault=error)
        folder = self.fresh_folder("out") / "written"
        folder.mkdir()
        try:
            files = exporter.write(given.rows(), folder)
        except DataError as error:
            # Without a `check` it can only say it here.
            return Attempt(given, refused=str(error)) if check is None else Attempt(given, fault=error)
        except Exception as error:
            return Attempt(given, fault=error)
        return Attempt(given, folder=folder, files=files)
