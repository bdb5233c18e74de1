"""Whether a dataset tells its cases apart: by what is read of them, and by their ids where files of one name lie in several folders."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medai.errors import MedaiError
from medai.io._dicom_file import is_dicom
from medai.tasks import Case, Dataset
from medai_sdk.contract.check import Broken
from medai_sdk.contract.subjects.data import SEED, STUBS, Opened, read, some
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.trials.comparing import differs

_MOST = 32
"""Cases that are read before all are said to be the same."""
_FOLDERS = ("P00/visit0", "P01/visit0")
"""As archives lay them out: a name repeats, and so does that of the folder around it."""


def require_different_inputs(ways: Iterable[Opened]) -> None:
    """Raise where whatever case is asked for, the input is the same; parts of one whole may well look alike.

    Raises:
        Broken: it is.
    """
    for way in ways:
        dataset = way.fresh()
        chosen = some({case.whole or case.id: case for case in dataset.cases()}.values(), _MOST)
        if len(chosen) < 2:
            continue
        first = _content(dataset, chosen[0])
        if not any(differs(first, _content(dataset, case)) for case in reversed(chosen[1:])):
            raise Broken(
                f"{way.words}: {len(chosen)} cases were read, and the input of each is the same",
                "read what belongs to the case that is asked for, by case.id; where stub data are all alike, let write_stub draw each case",
            )


def require_none_lost(subject: DatasetSubject, way: Opened) -> None:
    """Raise where of two folders with files of the same names, `unlabelled` finds fewer cases than in each by itself, or doubled ids.

    Input that it refuses in words is not lost.

    Raises:
        Broken: a case is lost.
    """
    top = subject.fresh_folder("two")
    folders = [top / name for name in _FOLDERS]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        subject.target.write_stub(folder, STUBS, SEED + number)
    inside = [sorted(path for path in folder.rglob("*") if path.is_file()) for folder in folders]
    # Stub data of another seed may be the same series by its UIDs.
    if any(is_dicom(path) for path in inside[0]):
        return
    for said, given in (("folders", [[folder] for folder in folders]), ("files, given one by one,", inside)):
        alone = [_ids(subject, way, paths) for paths in given]
        together = _ids(subject, way, [path for paths in given for path in paths])
        if None in alone or together is None:
            continue
        wanted = sum(len(set(ids or ())) for ids in alone)
        if len(set(together)) < wanted:
            raise Broken(
                f"{way.words}: the {said} of {' and '.join(_FOLDERS)} have {wanted} cases, and unlabelled tells {len(set(together))} apart",
                "make the id of the whole path beneath what all have in common: pseudonym(path.relative_to(...).as_posix())",
            )


def _ids(subject: DatasetSubject, way: Opened, paths: Sequence[Path]) -> list[str] | None:
    """The ids of unlabelled input; None where it is refused."""
    params = {name: value for name, value in way.use.params.items() if name != "root"}
    try:
        return [case.id for case in subject.target.unlabelled(paths, **params).cases()]
    except MedaiError:
        return None


def _content(dataset: Dataset[Any, Any], case: Case) -> Any:
    """The input without its place and its files, which differ whatever is read."""
    inputs: Any = read(dataset, case).inputs
    placed = dataclasses.is_dataclass(inputs) and not isinstance(inputs, type) and hasattr(inputs, "origin")
    return dataclasses.replace(inputs, origin=None) if placed else inputs
