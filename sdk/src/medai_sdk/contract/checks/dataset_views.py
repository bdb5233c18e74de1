"""Checks of a view: what it does to the samples of its source, and what it leaves as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.tasks import Image, Sample
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.data import Opened, Watched, read, some
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.subjects.situation import InMemory
from medai_sdk.contract.trials.comparing import copied, differs
from medai_sdk.stub.landmarks import at_border, landmarks, place_of

_DRAWS = {False: 4, True: 40}
"""Readings of each case with a spot, each by another rng; of small spots in small images, which views that cut small blocks hit rarely."""
_ENOUGH = 4
"""Spots that are seen whole: with fewer, small ones are looked at too."""
_MOST = 16
"""Spots that are looked at."""
_PIXELS = 1.5
"""By which a spot may seem moved: interpolation and cuts at its edge."""


@check("dataset.view-changes-nothing-in-place", "the source's samples are as they were after the view has read them")
def view_changes_nothing_in_place(subject: DatasetSubject) -> None:
    for way in subject.views:
        assert way.source is not None
        beneath = way.source()
        held = tuple(read(beneath, case) for case in some(beneath.cases()))
        before = [copied((sample.inputs, sample.reference)) for sample in held]
        view = way.fresh(InMemory(held))
        for case in view.cases():
            read(view, case)
        for sample, kept in zip(held, before, strict=True):
            if place := differs((sample.inputs, sample.reference), kept):
                mend = "make new tensors: pixels * 2, not pixels *= 2; clone() before writing into them"
                raise Broken(f"{way.words}: {place} of case {sample.case.id} is changed in the source itself", mend)


@check("dataset.view-keeps-groups", "each case of the view has the group, and the part of a split, of the source's case that it comes from")
def view_keeps_groups(subject: DatasetSubject) -> None:
    for way in subject.views:
        assert way.source is not None
        beneath = way.source()
        held = {case.id: case for case in beneath.cases()}
        view = way.fresh(beneath)
        cases = list(view.cases())
        for case in (*cases, *(read(view, case).case for case in some(cases, 2))):
            whole = held.get(case.whole or case.id)
            if whole is None:
                mend = (
                    "keep the source's case, or say of which it is a part: dataclasses.replace(case, id=..., whole=case.whole or case.id)"
                )
                raise Broken(f"{way.words}: {case.id!r} comes from {case.whole or case.id!r}, which the source does not have", mend)
            if (case.group, case.split) != (whole.group, whole.split):
                told = f"is of group {case.group!r} and part {case.split!r}, in the source of {whole.group!r} and {whole.split!r}"
                raise Broken(f"{way.words}: the case {case.id!r} {told}", "change it with dataclasses.replace(case, ...)")


@check("dataset.view-hands-on-what-is-known", "the view states its source's facts, and declares a single subject as it does")
def view_hands_on_what_is_known(subject: DatasetSubject) -> None:
    for way in subject.views:
        assert way.source is not None
        beneath = _Knowing(way.source())
        view = way.fresh(beneath)
        lost = [path for path, value in beneath.facts.items() if dict(getattr(view, "facts", {})).get(path) != value]
        if lost:
            raise Broken(f"{way.words}: the source's fact {lost[0]} is lost", "derive from medai.tasks.View, or hand on source.facts")
        if not getattr(view, "single_subject", False):
            mend = "derive from medai.tasks.View, or hand on source.single_subject"
            raise Broken(f"{way.words}: the source is of a single subject, and the view does not say so", mend)


@check("dataset.view-hands-on-faults", "a case that the source cannot read is a DataError of the view too")
def view_hands_on_faults(subject: DatasetSubject) -> None:
    for way in subject.views:
        assert way.source is not None
        try:
            view = way.fresh(Watched(way.source(), refuses=True))
            read(view, view.cases()[0])
        except DataError:
            continue
        except (Exception, SystemExit) as error:
            raise Broken(f"{way.words}: the source gave DataError, the view {type(error).__name__}: {error}", "let it through") from error
        raise Broken(f"{way.words}: the source gave DataError, the view a sample", "let it through, so that the case is counted as lost")


@check("dataset.view-keeps-the-place", "an image that has an affine and a spacing in the source has them in the view")
def view_keeps_the_place(subject: DatasetSubject) -> None:
    placed = False
    for way in subject.views:
        assert way.source is not None
        beneath = way.source()
        view = way.fresh(beneath)
        whole = {case.id: case for case in beneath.cases()}
        for case in some(view.cases(), 2):
            origin, found = read(beneath, whole[case.whole or case.id]).origin, read(view, case).origin
            for name in ("affine", "spacing"):
                had, has = getattr(origin, name, None), getattr(found, name, None)
                if had is None or not len(had):
                    continue
                placed = True
                if has is None or not len(has):
                    raise Broken(f"{way.words}: {name} is lost", "change the sample with dataclasses.replace, which keeps its origin")
    if not placed:
        raise NotApplicable("its source has no affine or spacing")


@check(
    "dataset.view-moves-the-place", "where the view moves pixels, it moves the affine with them: a spot stays where it is in the patient"
)
def view_moves_the_place(subject: DatasetSubject) -> None:
    seen = False
    for words, given, found, end in _spots(subject):
        start = place_of(given.inputs)
        before, after = (None if sample.origin is None else sample.origin.affine for sample in (given, found))
        if start is None or before is None or after is None:
            continue
        seen = True
        was, now = _patient(before, start), _patient(after, end)
        pixel = max(float(step) for affine in (before, after) for step in np.linalg.norm(affine[:3, :2], axis=0))
        if float(np.linalg.norm(was - now)) > _PIXELS * pixel:
            told = f"a spot at {_round(was)} mm lies at {_round(now)} mm by the view's affine"
            raise Broken(
                f"{words}: {told}", "multiply the affine by the matrix from the new pixels to the old ones, or leave both as they are"
            )
    if not seen:
        raise NotApplicable("its images have no affine: see dataset.view-keeps-the-place")


@check("dataset.view-moves-the-answer", "where the view moves pixels, it moves masks, boxes and images of the answer with them")
def view_moves_the_answer(subject: DatasetSubject) -> None:
    seen = False
    for words, _, found, place in _spots(subject):
        answer = place_of(found.reference)
        # A box of little area may be left out.
        if answer is None:
            continue
        if isinstance(found.reference, Image) and found.reference.pixels.shape[-2:] != found.inputs.pixels.shape[-2:]:
            continue
        seen = True
        apart = max(abs(one - other) for one, other in zip(place, answer, strict=True))
        if apart > _PIXELS:
            told = f"a spot at row {place[0]:.1f}, column {place[1]:.1f} is at {answer[0]:.1f}, {answer[1]:.1f} in the answer"
            raise Broken(f"{words}: {told}", "do to the reference what is done to the input: flip masks, mirror boxes")
    if not seen:
        raise NotApplicable("it takes no samples whose answer has a place in the image")


class _Knowing(Watched):
    """A source that states a fact and declares a single subject."""

    facts = {"model.classes": 7, "protocol.options.classes": ["a", "b"]}
    single_subject = True

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.__dict__.pop("facts", None)
        self.__dict__.pop("single_subject", None)


_Spot = tuple[str, Sample[Any, Any], Sample[Any, Any], tuple[float, float]]


def _spots(subject: DatasetSubject) -> Iterator[_Spot]:
    """Images with a spot, in words, before and after the view, which has the whole spot in it, and where; for each task and unit that it
    takes."""
    read, whole = 0, 0
    for task, way in {way.task: way for way in reversed(subject.views)}.items():
        for unit in ("0..1", "HU"):
            seen = 0
            for given, found, small in _read_spots(way, task, unit):
                if small and seen >= _ENOUGH:
                    break
                read += 1
                place = place_of(_undrawn(found.inputs))
                if place is None or at_border(found.inputs, place, small=small):
                    continue
                seen += 1
                yield f"over images with a spot, for {task} in {unit}", given, found, place
                if seen == _MOST:
                    break
            whole += seen
    if not read:
        raise NotApplicable("it takes no images with a spot, which are of tasks whose answer has a place")
    if not whole:
        raise NotApplicable(f"the spot was never inside what it gives, in {read} readings of images with a spot")


def _read_spots(way: Opened, task: str, unit: str) -> Iterator[tuple[Sample[Any, Any], Sample[Any, Any], bool]]:
    """Images with a spot before and after the view, as often as rng is drawn, and whether they are the small ones."""
    for small, draw in ((small, draw) for small, draws in _DRAWS.items() for draw in range(draws)):
        # Anew each time: a view that changes them in place is found elsewhere. Small spots are elsewhere each time.
        held = tuple(landmarks(task, unit=unit, seed=draw if small else 0, small=small))
        if not held:
            return
        whole = {sample.case.id: sample for sample in landmarks(task, unit=unit, seed=draw if small else 0, small=small)}
        try:
            view = way.fresh(InMemory(held))
            for case in some(view.cases()):
                seen = read(view, case, draw)
                if isinstance(seen.inputs, Image) and seen.inputs.pixels.ndim == 3:
                    yield whole[case.whole or case.id], seen, small
        except Exception as error:
            if small:
                return  # they may be too small for it
            if not isinstance(error, DataError):
                raise


def _undrawn(image: Any) -> Any:
    """An image that something was drawn on, as it was before where it knows that (`clean`): what is drawn may touch the spot."""
    clean = getattr(image, "clean", None)
    return image if clean is None else replace(image, pixels=clean)


def _patient(affine: Any, place: tuple[float, float]) -> Any:
    return (affine @ np.array([*place, 0.0, 1.0]))[:3]


def _round(point: Any) -> list[float]:
    return [round(float(each), 1) for each in point]
