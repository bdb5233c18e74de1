"""Checks of an exporter of predictions."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import EnvironmentFault
from medai.tasks import Image, Sample
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.exported import ExporterSubject
from medai_sdk.contract.trials.comparing import difference
from medai_sdk.contract.trials.moved import moved
from medai_sdk.contract.trials.written import content_of, image_of, pickles_in, values_of

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]

_PLACED = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm")
"""Files that say where in the patient an image lies."""
_STEPS = 200
"""Of a picture's range: what 8 bits keep, with something to spare."""
_MILLIMETRES = 1e-3
_SHOWN = 6
_EACH_ANSWER = "write each prediction that `rows` gives"
_AS_IT_LIES = "write the array as it lies, with the affine of sample.origin: no transpose, no flip, no shift; medai.io.write_image does"
_EACH_CLASS = "write the number of each pixel's class as it is"


@check(
    "exporter.writes-what-it-names", "`write` gives the files that it wrote: whole, inside the folder, each once, and no others stand there"
)
def writes_what_it_names(subject: ExporterSubject) -> None:
    for attempt in subject.taken:
        where, folder, files = attempt.given.words, attempt.folder, attempt.files
        assert folder is not None
        if not isinstance(files, list) or not files or not all(isinstance(path, Path) for path in files):
            raise Broken(f"{where}: write gave {files!r:.200}", "return a list of paths")
        for path in files:
            if not path.resolve().is_relative_to(folder.resolve()):
                raise Broken(f"{where}: {path} lies outside the folder that it was given", "write into `folder` alone")
            if not path.is_file() or not path.stat().st_size:
                raise Broken(f"{where}: {path.name} is {'empty' if path.is_file() else 'not there'}", "return the files that were written")
        twice = [path.name for path, count in Counter(files).items() if count > 1]
        if twice:
            raise Broken(
                f"{where}: {twice[0]} is named twice: a case took another's place", "name files by case id, and tell alike ones apart"
            )
        beside = sorted(path.name for path in folder.parent.rglob("*") if path.is_file() and path not in files)
        if beside:
            raise Broken(
                f"{where}: {beside[0]} is there and not among the files returned", "write into `folder` alone, and return every file"
            )


@check("exporter.tells-cases-apart", "cases from files of one name, or with ids that are nearly alike, do not take one another's place")
def tells_cases_apart(subject: ExporterSubject) -> None:
    for attempt in subject.taken:
        alike = attempt.given.alike_in_name()
        folder, files = subject.write(alike)
        found, wanted = _count(folder), _count(_folder(attempt))
        if found != wanted or len(set(files)) != len(attempt.files):
            raise Broken(
                f"{attempt.given.words}: {wanted} files for {len(alike.samples)} cases, {found} where their files bear one name",
                "name files by case id; two ids may become one file name, so count them",
            )


@check("exporter.same-input-same-content", "the same predictions give the same content, but for times and UIDs")
def same_input_same_content(subject: ExporterSubject) -> None:
    for attempt in subject.taken:
        folder, _ = subject.write(attempt.given)
        first, second = (_contents(held) for held in (_folder(attempt), folder))
        if first != second:
            raise Broken(
                f"{attempt.given.words}: {(first - second).total()} of {first.total()} files differ",
                "write nothing that chance or time decides",
            )


@check("exporter.every-prediction-counts", "another prediction for a case gives another content, so that each is written")
def every_prediction_counts(subject: ExporterSubject) -> None:
    for attempt in subject.taken:
        given = attempt.given
        whole = _contents(_folder(attempt))
        for place, sample in enumerate(given.samples):
            others = list(given.with_another(place))
            if others and all(_contents(subject.write(each)[0]) == whole for each in others):
                raise Broken(
                    f"{given.words}: whatever is predicted for case {sample.case.id}, the same is written",
                    _EACH_ANSWER,
                )


@check("exporter.leaves-its-input", "predictions and samples are as they were")
def leaves_its_input(subject: ExporterSubject) -> None:
    for attempt in subject.taken:
        given = attempt.given
        held = given.copied()
        subject.build().write(held.rows(), subject.fresh_folder("out"))
        for (sample, answer), (own, its) in zip(given.rows(), held.rows(), strict=True):
            if difference(answer, its) or difference(sample.inputs, own.inputs) or difference(sample.reference, own.reference):
                raise Broken(f"{given.words}: the prediction or the sample of case {sample.case.id} is changed", "work on copies")


@check("exporter.refuses-with-data-error", "what it cannot write, `check` refuses with a DataError; what `check` takes, `write` writes")
def refuses_with_data_error(subject: ExporterSubject) -> None:
    assert subject.situation
    for attempt in subject.attempts:
        if attempt.fault is not None and not isinstance(attempt.fault, EnvironmentFault):
            raise Broken(
                f"{attempt.given.words}: {type(attempt.fault).__name__}: {attempt.fault}",
                "raise medai.errors.DataError in check(sample, prediction) for what write cannot take",
            )


@check("exporter.keeps-values-and-place", "images that medai reads come back in the same shape, with the same values, affine and spacing")
def keeps_values_and_place(subject: ExporterSubject) -> None:
    compared = 0
    for attempt in subject.taken:
        read = {path: image for path in _folder(attempt).rglob("*") if path.is_file() and (image := image_of(path)) is not None}
        expected = [(sample, answer, values) for sample, answer in attempt.given.rows() if (values := values_of(answer)) is not None]
        shapes = {values.shape for _, _, values in expected}
        taken = {path for _, _, values in expected for path, image in read.items() if _off(values, image) <= _tolerance(values)}
        for sample, answer, values in expected:
            where = f"{attempt.given.words}: case {sample.case.id}"
            candidates = {path: each for path, each in read.items() if each.pixels.shape == values.shape}
            if not candidates:
                _require_no_other_shape(read, values, shapes, where)
                continue
            compared += 1
            path = _closest(values, candidates)
            if _off(values, candidates[path]) > _tolerance(values):
                # The file in which another case stands as it should be is not this case's.
                _require_values(answer, values, {each: image for each, image in candidates.items() if each not in taken}, where)
            _require_place(sample, path, candidates[path], attempt.given.words)
    if not compared:
        raise NotApplicable("it writes no image that medai.io reads")


@check(
    "exporter.can-be-read-back",
    "images with a place in the patient become files that medai reads, so that it can be looked at",
    level="advice",
)
def can_be_read_back(subject: ExporterSubject) -> None:
    if subject.of_model:
        raise NotApplicable("it writes models, not predictions")
    placed = [attempt for attempt in subject.taken if any(_has_place(*row) for row in attempt.given.rows())]
    if not placed:
        raise NotApplicable("it takes no image that has a place")
    if not any(image_of(path) is not None for attempt in placed for path in _folder(attempt).rglob("*") if path.is_file()):
        raise Broken(
            f"nobody looked at the values and the place of what {subject.id} writes: medai.io reads none of its files",
            "test them in your own tests, or offer a format that medai reads",
        )


@check("exporter.no-pickle", "what it writes can be opened without trust: no pickle, and no archive of pickles")
def no_pickle(subject: ExporterSubject) -> None:
    folders = [subject.written.folder] if subject.of_model else [_folder(attempt) for attempt in subject.taken]
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        for found in pickles_in(path):
            raise Broken(f"{found} is a pickle", "write JSON, safetensors, .npy with allow_pickle=False or a format of the field")


def _folder(attempt: Any) -> Path:
    folder = attempt.folder
    assert isinstance(folder, Path)
    return folder


def _contents(folder: Path) -> Counter[str]:
    return Counter(content_of(path) for path in folder.rglob("*") if path.is_file())


def _count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _tolerance(values: Array) -> float:
    return float(max(1e-3, (values.max() - values.min()) / _STEPS))


def _off(values: Array, image: Image) -> float:
    same = image.pixels.shape == values.shape
    return float(np.abs(image.pixels.numpy() - values).max()) if same else math.inf


def _closest(values: Array, candidates: Mapping[Path, Image]) -> Path:
    return min(sorted(candidates), key=lambda path: _off(values, candidates[path]))


def _require_values(answer: Any, values: Array, candidates: Mapping[Path, Image], where: str) -> None:
    """Raise, as an image of the same shape has other values, with what was done to them as far as it can be told."""
    if not candidates:
        raise Broken(f"{where} does not come back: each file of its shape has another case's answer", _EACH_ANSWER)
    for path, image in sorted(candidates.items()):
        if told := moved(values, image.pixels.numpy(), _tolerance(values)):
            raise Broken(f"{where} comes back from {path.name} moved: {told}", _AS_IT_LIES)
    path = _closest(values, candidates)
    found = candidates[path].pixels.numpy()
    if isinstance(answer, Image):
        mend = "write physical values, or note how to have them back"
        raise Broken(f"{where} comes back from {path.name} with values that are {_off(values, candidates[path]):.4g} off", mend)
    # A picture of a mask has no numbers but shades.
    if path.name.lower().endswith(_PLACED) or not _shaded(values, found):
        said, had = ([f"{each:g}" for each in np.unique(held)[:_SHOWN]] for held in (found, values))
        raise Broken(f"{where} comes back from {path.name} with the values {', '.join(said)} in place of {', '.join(had)}", _EACH_CLASS)


def _shaded(labels: Array, found: Array) -> bool:
    """Whether each class has a shade of its own, the higher the brighter."""
    shades = [np.unique(found[labels == label]) for label in np.unique(labels)]
    return all(len(shade) == 1 for shade in shades) and all(one < other for one, other in itertools.pairwise(float(s[0]) for s in shades))


def _require_no_other_shape(read: Mapping[Path, Image], values: Array, shapes: Collection[Shape], where: str) -> None:
    """Of as many axes and channels, and of no other case's shape, it can only be this case's answer."""
    wanted = values.shape
    others = {path: each for path, each in read.items() if tuple(each.pixels.shape) not in shapes}
    others = {path: each for path, each in sorted(others.items()) if (each.pixels.ndim, each.pixels.shape[0]) == (len(wanted), wanted[0])}
    for path, image in others.items():
        if told := moved(values, image.pixels.numpy(), _tolerance(values)):
            raise Broken(f"{where} comes back from {path.name} moved: {told}", _AS_IT_LIES)
    for path, image in others.items():
        raise Broken(
            f"{where} comes back from {path.name} as {tuple(image.pixels.shape[1:])} in place of {wanted[1:]}",
            "write each pixel, with the axes in the order that the format has; medai.io.write_image does",
        )


def _has_place(sample: Sample[Any, Any], answer: Any) -> bool:
    return sample.origin is not None and sample.origin.affine is not None and values_of(answer) is not None


def _require_place(sample: Sample[Any, Any], path: Path, image: Any, words: str) -> None:
    origin = sample.origin
    if origin is None or origin.affine is None or not (path.name.lower().endswith(_PLACED) or image.affine is not None):
        return
    where = f"{words}: case {sample.case.id} comes back from {path.name}"
    if image.affine is None:
        raise Broken(f"{where} without its place", "write the affine of sample.origin")
    axes = image.pixels.ndim - 1
    columns = [*range(axes), 3]
    off = float(np.abs(image.affine[:3, columns] - origin.affine[:3, columns]).max())
    if off > _MILLIMETRES:
        raise Broken(f"{where} with an affine that is {off:.4g} mm off", "write the affine of sample.origin")
    if image.spacing and origin.spacing and not np.allclose(image.spacing, origin.spacing, atol=_MILLIMETRES):
        raise Broken(f"{where} with the spacing {image.spacing} in place of {origin.spacing}", "write the spacing of sample.origin")
