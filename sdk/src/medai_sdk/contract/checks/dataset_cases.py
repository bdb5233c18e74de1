"""Checks of a dataset's cases: what `cases()` says without reading."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from medai.tasks import Case
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.checks.dataset import each_way, files_in
from medai_sdk.contract.subjects.data import SEED, STUBS, Opened, Watched
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.trials.comparing import differs
from medai_sdk.contract.watching.bytes_read import bytes_noted, read_whole
from medai_sdk.contract.watching.decoders import decoding_noted

_SPLITS = ("train", "valid", "test")
_TELLING = ("PatientName", "PatientID", "PatientBirthDate", "OtherPatientIDs", "AccessionNumber", "ReferringPhysicianName")
_LEAST_TELLING = 4
"""Characters below which a text is in another by chance."""


@check(
    "dataset.cases-read-no-pixels",
    "building it and listing its cases decodes no pixels, reads no files whole and reads no case, of its source neither",
)
def cases_read_no_pixels(subject: DatasetSubject) -> None:
    for way in subject.ways:
        source = None if way.source is None else Watched(way.source())
        with decoding_noted() as decoded, _reading_noted(subject.target) as reads, bytes_noted(way.root or subject.folder) as noted:
            cases = way.fresh(source).cases()
        if source is not None and source.read_ids:
            raise Broken(
                f"{way.words}: it reads {len(source.read_ids)} cases of its source before one is asked for", "read in read() alone"
            )
        if reads or decoded:
            told = f"read {len(reads)} times" if reads else f"pixels decoded {len(decoded)} times, by {', '.join(sorted(set(decoded)))}"
            raise Broken(f"{way.words}: before a case is asked for, {told}", "list names and headers; decode in read() alone")
        whole = read_whole(noted)
        # A table of all cases may be a binary file too, and is to be read.
        if len(whole) > 1 and len(whole) >= len(cases) / 2:
            told = f"{len(whole)} files were read to their end, such as {whole[0].name}"
            raise Broken(f"{way.words}: before a case is asked for, {told}", "list names and headers; read pixels in read() alone")


@check("dataset.cases-stay-the-same", "cases are the same and in the same order at every call and in every instance")
def cases_stay_the_same(subject: DatasetSubject) -> None:
    for way, dataset in each_way(subject):
        first = list(dataset.cases())
        for said, others in (("at the second call", list(dataset.cases())), ("in another instance", list(way.fresh().cases()))):
            if len(first) != len(others) or differs(first, others):
                mend = "sort what the folder holds, and draw nothing at random in cases()"
                raise Broken(f"{way.words}: the cases are others {said}, or in another order", mend)


@check("dataset.ids-are-unique", "each case has an id of its own, which is a text and not empty")
def ids_are_unique(subject: DatasetSubject) -> None:
    for way, cases in _each_cases(subject):
        for case in cases:
            if not isinstance(case.id, str) or not case.id.strip():
                raise Broken(f"{way.words}: a case has the id {case.id!r}")
        doubled = [id for id, count in Counter(case.id for case in cases).items() if count > 1]
        if doubled:
            raise Broken(f"{way.words}: {len(doubled)} ids stand for several cases, such as {doubled[0]!r}")


@check("dataset.ids-tell-folders-apart", "of files of one name in two folders, cases have two ids", level="advice")
def ids_tell_folders_apart(subject: DatasetSubject) -> None:
    for way in subject.folders[:1]:
        assert way.root is not None
        root = subject.fresh_folder("two") / way.root.name
        for number, name in enumerate(("first", "second")):
            (root / name).mkdir(parents=True)
            subject.target.write_stub(root / name, STUBS, SEED + number)
        try:
            cases = list(way.fresh(root=root).cases())
        except (Exception, SystemExit):
            cases = []
        if not cases:
            raise NotApplicable("it does not look into folders beneath its folder")
        doubled = [id for id, count in Counter(case.id for case in cases).items() if count > 1]
        if doubled:
            raise Broken(
                f"{way.words}: of two folders with files of the same names, {len(doubled)} ids stand for two cases, such as {doubled[0]!r}",
                "make the id of the path beneath root: medai.io.pseudonym(path.relative_to(root).as_posix())",
            )


@check("dataset.ids-tell-no-path", "ids and groups are names, not paths, and do not say where the data stand")
def ids_tell_no_path(subject: DatasetSubject) -> None:
    for way, cases in _each_cases(subject):
        for text in (text for case in cases for text in (str(case.id), str(case.group))):
            if any(sign in text for sign in "/\\") or (way.root is not None and (str(way.root) in text or way.root.name in text)):
                raise Broken(f"{way.words}: {text!r} tells a path", "number them, or take medai.io.pseudonym of the path beneath root")


@check("dataset.names-no-patient", "what the stub's DICOM headers say of a patient is in no id, group or attribute")
def names_no_patient(subject: DatasetSubject) -> None:
    told: set[str] = set()
    for way in subject.folders:
        assert way.root is not None
        told |= {text for path in files_in(way.root) for text in _telling(path) if len(text) >= _LEAST_TELLING}
    if not told:
        raise NotApplicable("its stub data hold no DICOM header that tells of a patient")
    for way, cases in _each_cases(subject):
        for case in cases:
            texts = [str(each) for each in (case.id, case.group, case.whole, *case.attributes.values())]
            found = next((name for name in told for text in texts if name in text), None)
            if found:
                raise Broken(f"{way.words}: case {case.id!r} shows {found!r} of the header", "use medai.io.pseudonym")


@check(
    "dataset.groups-are-set",
    "each case has a group, which all parts of one whole share, and there are several, unless single_subject is declared",
)
def groups_are_set(subject: DatasetSubject) -> None:
    for way, dataset in each_way(subject):
        cases = list(dataset.cases())
        of_whole: dict[str, str] = {}
        for case in cases:
            if not isinstance(case.group, str) or not case.group.strip():
                raise Broken(
                    f"{way.words}: case {case.id} has the group {case.group!r}",
                    "give each its patient, or its own id where it stands alone",
                )
            if case.whole and of_whole.setdefault(case.whole, case.group) != case.group:
                told = f"parts of {case.whole!r} are of the groups {of_whole[case.whole]!r} and {case.group!r}"
                raise Broken(f"{way.words}: {told}", "give all parts of a case the group that it has")
        if len({case.group for case in cases}) == 1 and len(cases) > 1 and not getattr(dataset, "single_subject", False):
            mend = "give each patient a group; set single_subject = True where all is one subject's"
            raise Broken(f"{way.words}: all {len(cases)} cases are of one group", mend)


@check("dataset.split-keeps-groups", "a split that the dataset publishes has the parts train, valid and test, and no group or whole in two")
def split_keeps_groups(subject: DatasetSubject) -> None:
    published = False
    for way, cases in _each_cases(subject):
        parts: dict[tuple[str, str], str] = {}
        for case in cases:
            if case.split is None:
                continue
            published = True
            if case.split not in _SPLITS:
                raise Broken(f"{way.words}: case {case.id} is of the part {case.split!r}", f"use {', '.join(_SPLITS)}, or None")
            for held in (("group", case.group), ("whole", case.whole or case.id)):
                if parts.setdefault(held, case.split) != case.split:
                    word, name = held
                    raise Broken(f"{way.words}: the {word} {name!r} is in {parts[held]} and in {case.split}", "split by group")
    if not published:
        raise NotApplicable("no case of its stub data has a part of a split")


def _each_cases(subject: DatasetSubject) -> Iterator[tuple[Opened, list[Case]]]:
    for way, dataset in each_way(subject):
        yield way, list(dataset.cases())


@contextmanager
def _reading_noted(target: Any) -> Iterator[list[str]]:
    """While inside, the list grows with each case that the class itself reads."""
    noted: list[str] = []
    real = getattr(target, "read", None)
    if not isinstance(target, type) or real is None:
        yield noted
        return

    @functools.wraps(real)
    def noting(self: Any, case: Case, *rest: Any, **keywords: Any) -> Any:
        noted.append(case.id)
        return real(self, case, *rest, **keywords)

    with patch.object(target, "read", noting):
        yield noted


def _telling(path: Any) -> Iterator[str]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_TELLING))
    except (InvalidDicomError, OSError, ValueError):
        return
    for name in _TELLING:
        yield str(header.get(name, ""))
