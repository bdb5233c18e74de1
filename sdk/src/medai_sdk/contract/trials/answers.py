"""Answers for exporters: of every task and input, of planes and volumes, with a place in the patient and without, from DICOM and not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._engine.models import build_task
from medai.errors import UsageError
from medai.tasks import Origin, Sample
from medai_sdk.contract.trials.comparing import copied, difference
from medai_sdk.contract.trials.spoiling import worse_answers
from medai_sdk.stub import INPUTS_OF, samples
from medai_sdk.stub.dicom import from_dicom

_CASES = 3
_VOLUME = (4, 20, 24)
_CLASSES = 4
"""Of two, whoever writes only where something is has written all there is."""
_OF_CLASSES = ("classification", "segmentation", "detection")


@dataclass(frozen=True)
class Answers:
    """Samples and an answer to each.

    Attributes:
        words: what they are, for messages.
        task: name of the task.
        inputs: what is given: `image`, `row` ...
        samples: the samples.
        answers: one for each.
    """

    words: str
    task: str
    inputs: str
    samples: tuple[Sample[Any, Any], ...]
    answers: tuple[Any, ...]

    @classmethod
    def to(cls, given: list[Sample[Any, Any]], task: str, inputs: str, words: str) -> Answers:
        """The answers that agree with the samples' references."""
        return cls(words, task, inputs, tuple(given), tuple(build_task(task).perfect(given)))

    def rows(self) -> Iterator[tuple[Sample[Any, Any], Any]]:
        """Sample and answer, as an exporter gets them."""
        yield from zip(self.samples, self.answers, strict=True)

    def copied(self) -> Answers:
        """The same in memory of their own."""
        return dataclasses.replace(self, samples=tuple(map(copied, self.samples)), answers=tuple(map(copied, self.answers)))

    def with_another(self, place: int) -> Iterator[Answers]:
        """The same with another answer to one case, in each way that the task takes."""
        for _, others in worse_answers(build_task(self.task), self.samples, self.answers):
            changed = tuple(others[place] if number == place else answer for number, answer in enumerate(self.answers))
            if difference(changed[place], self.answers[place]):
                yield dataclasses.replace(self, answers=changed)

    def alike_in_name(self) -> Answers:
        """The same cases from files of one name in several folders, with ids that are alike but for what a file's name cannot hold."""
        renamed = []
        for place, sample in enumerate(self.samples):
            origin = sample.origin or Origin()
            # Files of their own are kept: what is read from them must be found.
            files = origin.files or (Path(f"patient-{place}", "image.png"),)
            case = dataclasses.replace(sample.case, id=f"patient{'/:*'[place % 3]}1", group=f"patient-{place}")
            renamed.append(dataclasses.replace(sample, case=case, origin=dataclasses.replace(origin, files=files)))
        return dataclasses.replace(self, samples=tuple(renamed))


def all_answers(folder: Path) -> Iterator[Answers]:
    """Of all tasks with stub data; DICOM files are written into `folder`."""
    for task, offered in INPUTS_OF.items():
        for kind in offered:
            planes = list(samples(task, kind, n=_CASES))
            yield Answers.to(planes, task, kind, f"{task} of {kind}")
            if task in _OF_CLASSES:
                yield Answers.to(
                    list(samples(task, kind, n=_CASES, classes=_CLASSES)), task, kind, f"{task} of {kind} in {_CLASSES} classes"
                )
            if kind == "image":
                yield from _of_images(task, folder)


def _of_images(task: str, folder: Path) -> Iterator[Answers]:
    placeless = [
        dataclasses.replace(each, inputs=dataclasses.replace(each.inputs, origin=None), origin=None) for each in samples(task, n=_CASES)
    ]
    yield Answers.to(placeless, task, "image", f"{task} of images without a place")
    in_hounsfield = list(samples(task, n=_CASES, unit="HU"))
    yield Answers.to(from_dicom(in_hounsfield, folder / task), task, "image", f"{task} of DICOM files")
    try:
        volumes = list(samples(task, n=_CASES, size=_VOLUME, unit="HU"))
    except UsageError:
        return  # the task has none
    yield Answers.to(volumes, task, "image", f"{task} of volumes")
