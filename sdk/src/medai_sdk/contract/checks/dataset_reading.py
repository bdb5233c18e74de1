"""Checks of how a dataset reads: what the samples are, and that chance comes from `rng` alone."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from medai._discovery import registry
from medai._engine.models import build_task
from medai.errors import DataError
from medai.tasks import Case, Dataset, Origin, Sample, Task
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.checks.dataset import each_way
from medai_sdk.contract.isolation.read_elsewhere import read_there
from medai_sdk.contract.subjects.apart import require_different_inputs, require_none_lost
from medai_sdk.contract.subjects.data import Opened, read, read_seeded, some
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.trials.comparing import differs
from medai_sdk.contract.watching.chance import reset_by

_FROM_RNG = "draw from the rng that read is given, and keep no generator"
_FEW = 3
_TOLERANCE = 1e-3
_WIDEST = {"0..1": (-2.0, 3.0), "HU": (-5000.0, 70000.0)}
"""Beyond what noise makes of a unit's values: they are on another scale."""


@check("dataset.reads-the-case-asked-for", "the sample's case is the case that was asked for, and not all cases have the same input")
def reads_the_case_asked_for(subject: DatasetSubject) -> None:
    for way, case, sample in subject.samples:
        if not isinstance(sample, Sample):
            raise Broken(f"{way.words}: read gave {type(sample).__name__}, not a Sample")
        if differs(sample.case, case):
            raise Broken(f"{way.words}: of {case} it gave {sample.case}", "hand the case on as it is: Sample(case, ...)")
    require_different_inputs(way for way in subject.ways if way.source is None)


@check("dataset.samples-keep-the-task", "each sample is as the task has it: types, dtypes, shapes, finite values, classes from 0")
def samples_keep_the_task(subject: DatasetSubject) -> None:
    for way, case, sample in subject.samples:
        tasks = [_task_of(way)] if way.task else _tasks_of(sample)
        if not tasks:
            raise Broken(f"{way.words}: no task has the reference {type(sample.reference).__name__}", "name the task in the spec")
        for task in tasks:
            _require_kept(task, sample, f"{way.words}: case {case.id}")


@check("dataset.images-have-a-unit", "an image says its unit, and its values are on that unit's scale")
def images_have_a_unit(subject: DatasetSubject) -> None:
    for way, case, name, image in _images(subject):
        where = f"{way.words}: the {name} of case {case.id}"
        if not image.unit:
            raise Broken(f"{where} has no unit", "say HU for CT, 0..1 for other grey and colour images, else the unit's name")
        low, high = float(image.pixels.min()), float(image.pixels.max())
        least, most = _WIDEST.get(image.unit, (low, high))
        if low < least or high > most:
            raise Broken(f"{where} is in {image.unit} and has values from {low:g} to {high:g}", "scale the values, or name their unit")
        if image.unit == "HU" and low >= 0 and high <= 1:
            raise Broken(f"{where} is in HU and has values from {low:g} to {high:g}", "give physical units: models scale them themselves")


@check(
    "dataset.place-fits-the-image", "spacing has a number for each axis of the image, and the affine is (4, 4), float64, of that spacing"
)
def place_fits_the_image(subject: DatasetSubject) -> None:
    placed = False
    for way, case, name, image in _images(subject):
        if image.origin is not None and (image.origin.spacing or image.origin.affine is not None):
            placed = True
            if fault := _fault_of(image.origin, image.pixels.ndim - 1):
                raise Broken(
                    f"{way.words}: the {name} of case {case.id} {fault}",
                    "keep the place that the reader gave, and change it with the pixels",
                )
    if not placed:
        raise NotApplicable("its samples have no image with a spacing or an affine")


@check("dataset.reads-the-same-by-the-same-rng", "a fresh instance with the same rng reads the same sample")
def reads_the_same_by_the_same_rng(subject: DatasetSubject) -> None:
    for words, place in subject.unlike.items():
        if place:
            raise Broken(f"{words}: read twice with the same rng, {place} differs", _FROM_RNG)


@check("dataset.reads-in-any-order", "a sample does not depend on what was read before")
def reads_in_any_order(subject: DatasetSubject) -> None:
    for way in subject.repeatable:
        dataset = way.fresh()
        cases = some(dataset.cases(), _FEW)
        alone = {case.id: read_seeded(way.fresh(), case) for case in cases}
        for case in (*reversed(cases), cases[-1]):
            if place := differs(alone[case.id], read_seeded(dataset, case)):
                raise Broken(f"{way.words}: read after other cases, {place} of case {case.id} differs", _FROM_RNG)


@check("dataset.heeds-no-global-chance", "a sample does not depend on the generators of the process: numpy's, torch's, Python's")
def heeds_no_global_chance(subject: DatasetSubject) -> None:
    for way in subject.repeatable:
        if place := _by_global_chance(way):
            raise Broken(f"{way.words}: with the process's generators seeded otherwise, {place} differs", _FROM_RNG)


@check("dataset.leaves-global-chance-alone", "building it, listing and reading seeds none of the process's generators")
def leaves_global_chance_alone(subject: DatasetSubject) -> None:
    for way in subject.ways:
        seeded = reset_by(functools.partial(_used, way))
        if seeded:
            raise Broken(f"{way.words}: it seeds {', '.join(seeded)}", "make a generator of its own: np.random.default_rng(...)")


@check("dataset.can-be-sent-to-a-process", "a loader process that gets it reads the same samples")
def can_be_sent_to_a_process(subject: DatasetSubject) -> None:
    for way in subject.repeatable:
        dataset = way.fresh()
        cases = some(dataset.cases(), 2)
        here = [read_seeded(way.fresh(), case) for case in cases]
        there = read_there(dataset, cases)
        if (place := differs(here, there)) and not _by_global_chance(way):
            raise Broken(f"{way.words}: in a loader process {place} differs", "depend on files and rng alone, whichever process reads")


@check("dataset.facts-are-plain", "facts are values by path, such as model.classes, and the same at every look")
def facts_are_plain(subject: DatasetSubject) -> None:
    offered = False
    for way, dataset in each_way(subject):
        if not hasattr(dataset, "facts"):
            continue
        offered, facts = True, dict(dataset.facts)
        for path, value in facts.items():
            if not isinstance(path, str) or "." not in path or not _is_plain(value):
                raise Broken(f"{way.words}: {path!r} = {value!r}", "give numbers, texts and lists of them, by path: model.classes")
        if facts != dict(getattr(way.fresh(), "facts", {})):
            raise Broken(f"{way.words}: another instance states other facts")
    if not offered:
        raise NotApplicable("it offers no facts")


@check(
    "dataset.reads-unlabelled-files",
    "unlabelled(paths, ...) reads the stub's files as cases that can be predicted, each with an id of its own",
)
def reads_unlabelled_files(subject: DatasetSubject) -> None:
    if not hasattr(subject.target, "unlabelled"):
        raise NotApplicable("it offers no unlabelled")
    for way in subject.folders:
        given = {name: value for name, value in way.use.params.items() if name != "root"}
        dataset: Dataset[Any, Any] = subject.target.unlabelled([way.root], **given)
        cases = list(dataset.cases())
        if not cases:
            raise Broken(f"{way.words}: it finds no case in its own stub data")
        sample = read(dataset, cases[0])
        if way.task:
            _require_kept(_task_of(way), sample, f"{way.words}: case {cases[0].id}")
        require_none_lost(subject, way)


def _require_kept(task: Task[Any, Any, Any], sample: Sample[Any, Any], where: str) -> None:
    if sample.reference is not None and not isinstance(sample.reference, task.reference):
        raise Broken(f"{where} has the reference {type(sample.reference).__name__}, {type(task).__name__} has {task.reference.__name__}")
    try:
        task.check(sample)
    except DataError as error:
        raise Broken(f"{where}: {type(task).__name__} refuses it: {error.reason}") from error


def _task_of(way: Opened) -> Task[Any, Any, Any]:
    """The task.

    Raises:
        NotApplicable: it is broken itself.
    """
    try:
        task = build_task(way.task)
    except Exception as error:
        raise NotApplicable(f"the task {way.task} could not be built: see task.can-be-built") from error
    if not isinstance(task.reference, type):
        raise NotApplicable(f"the task {way.task} has no type of reference: see task.declares-its-types")
    return task


def _tasks_of(sample: Sample[Any, Any]) -> list[Task[Any, Any, Any]]:
    """The tasks whose reference a sample has."""
    found = [build_task(entry.id) for entry in registry().entries("task")]
    return [task for task in found if sample.reference is None or task.reference is type(sample.reference)][:1]


def _images(subject: DatasetSubject) -> Iterator[tuple[Opened, Case, str, Any]]:
    """What has pixels and a unit in the samples, with a word for what it is."""
    found = False
    for way, case, sample in subject.samples:
        for name, value in (("input", sample.inputs), ("reference", sample.reference)):
            if isinstance(getattr(value, "pixels", None), torch.Tensor) and hasattr(value, "unit"):
                found = True
                yield way, case, name, value
    if not found:
        raise NotApplicable("its samples have no image")


def _fault_of(origin: Origin, axes: int) -> str:
    """What is wrong with a place, in words; nothing if nothing is."""
    spacing, affine = origin.spacing, origin.affine
    if spacing and (len(spacing) != axes or not all(np.isfinite(step) and step > 0 for step in spacing)):
        return f"has {axes} axes and the spacing {spacing}"
    if affine is None:
        return ""
    if affine.shape != (4, 4) or affine.dtype != np.float64 or not np.isfinite(affine).all():
        return f"has an affine of {affine.dtype} {affine.shape}, or one that is not finite"
    steps = np.linalg.norm(affine[:3, : len(spacing)], axis=0)
    # Planes of a tilted gantry are stacked aslant.
    if spacing and not origin.tilt and not np.allclose(steps, spacing, rtol=_TOLERANCE):
        return f"has the spacing {tuple(round(step, 4) for step in spacing)}, its affine {tuple(round(float(step), 4) for step in steps)}"
    return ""


def _by_global_chance(way: Opened) -> str:
    """What of the first case depends on how the process's generators are seeded."""
    dataset = way.fresh()
    case = dataset.cases()[0]
    return differs(*(read_seeded(way.fresh(), case, seed) for seed in (1, 2)))


def _used(way: Opened) -> None:
    dataset = way.fresh()
    read(dataset, dataset.cases()[0])


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)
