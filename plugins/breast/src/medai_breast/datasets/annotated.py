"""Images with masks of their lesions, as a dataset of boxes, whatever folders they lie in."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.io import pseudonym
from medai.tasks import Boxes, Case, Image, Sample
from medai_breast.datasets.duplicates import SAME, audit
from medai_breast.datasets.lesions import read_lesions, read_mask
from medai_breast.datasets.pictures import read_grey

CLASSES = ("benign", "malignant")
NORMAL = "normal"
_NAMED = 10


@dataclass(frozen=True)
class Entry:
    """An image and what marks its lesions.

    Attributes:
        id: the case's.
        name: path beneath the data's folder.
        kind: `benign`, `malignant` or `normal`; empty where nobody says.
        path: the image, or the file at fault.
        masks: of a normal image, none or empty ones.
        fault: why it cannot be used; empty when it can. It is a case all the same, so that it is counted.
    """

    id: str
    name: str
    kind: str
    path: Path
    masks: tuple[Path, ...] = ()
    fault: str = ""


class Annotated:
    """Entries as cases with the attributes `dataset`, `class` and `cross-class`.

    Images that show the same are of one group. `cross-class` names those of another class that show the same frame; it is empty where
    there are none. Cases are first asked for at the price of one look at every image (`medai_breast.datasets.duplicates`); after that
    a process knows them.

    Args:
        dataset: its name.
        entries: in order.
        home: the data's folder, for errors.
        one_class: one class, `lesion`, in place of two.

    Raises:
        DataError: none of the entries can be used.
    """

    def __init__(self, dataset: str, entries: Iterable[Entry], home: Path, *, one_class: bool) -> None:
        self._dataset, self._home, self._entries = dataset, home, {entry.id: entry for entry in entries}
        self.classes = ("lesion",) if one_class else CLASSES
        self._told: set[str] = set()
        bad = [entry for entry in self._entries.values() if entry.fault]
        if len(bad) == len(self._entries):
            raise DataError(f"none of {len(bad)} cases can be used; the first: {bad[0].fault}", bad[0].path)

    @property
    def facts(self) -> Mapping[str, object]:
        """The classes: how many and their names."""
        return {"model.classes": len(self.classes), "protocol.options.classes": list(self.classes)}

    def cases(self) -> Sequence[Case]:
        """A case per image."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        """The image in one channel, float32 (1, H, W) in 0..1, and a box for each lesion; of a normal image, no box.

        Raises:
            DataError: an image or a mask is not there or cannot be used.
        """
        entry = self._entries[case.id]
        if entry.fault:
            raise DataError(entry.fault, entry.path)
        image = read_grey(entry.path)
        height, width = image.pixels.shape[-2:]
        if entry.kind == NORMAL:
            _require_empty(entry.masks, (height, width))
            return Sample(case, image, Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)))
        marked = [read_lesions(path, (height, width)) for path in entry.masks]
        specks = sum(each.specks for each in marked)
        # Once, not at every reading: each epoch reads all.
        if specks and case.id not in self._told:
            self._told.add(case.id)
            said = "1 speck in its masks is no lesion" if specks == 1 else f"{specks} specks in its masks are no lesions"
            warnings.warn(f"{case.id}: {said}", stacklevel=2)
        boxes = torch.tensor([box for each in marked for box in each.boxes], dtype=torch.float32)
        label = 0 if len(self.classes) == 1 else CLASSES.index(entry.kind)
        return Sample(case, image, Boxes(boxes, torch.full((len(boxes),), label, dtype=torch.int64)))

    @functools.cached_property
    def _cases(self) -> tuple[Case, ...]:
        sound = [entry for entry in self._entries.values() if not entry.fault]
        found = audit([entry.path for entry in sound])
        groups, frames = found.firsts(), found.firsts(SAME)
        group = {entry.id: self._group(sound[first], found.digests[first]) for entry, first in zip(sound, groups, strict=True)}
        rivals = _rivals(sound, frames)
        self._tell(len(sound), groups, rivals)
        return tuple(
            Case(
                entry.id,
                group.get(entry.id) or self._group(entry, ""),
                attributes={"dataset": self._dataset, "class": entry.kind, "cross-class": rivals.get(entry.id, "")},
            )
            for entry in self._entries.values()
        )

    def _group(self, entry: Entry, digest: str) -> str:
        # By its pixels, so that an image that is in two folders is known again.
        return pseudonym(digest or f"{self._home.resolve().name}/{entry.name}", prefix="g")

    def _tell(self, count: int, groups: Sequence[int], rivals: Mapping[str, str]) -> None:
        """Warn of what is seen before a case is read: files without their partner, and images that show the same."""
        bad = [f"{entry.path.name} {entry.fault}" for entry in self._entries.values() if entry.fault]
        if bad:
            warnings.warn(f"{self._dataset}: {len(bad)} of {len(self._entries)} cases cannot be used: {_listed(bad, '; ')}", stacklevel=3)
        sizes = [size for size in (groups.count(first) for first in set(groups)) if size > 1]
        if sizes:
            told = f"{self._dataset}: {sum(sizes)} of {count} images show the same as another one, in {len(sizes)} groups"
            pairs = sorted({" and ".join(sorted((one, *others.split()))) for one, others in rivals.items()})
            if pairs:
                told += f"; {len(rivals)} the same frame as one of another class: {_listed(pairs, ', ')}"
            warnings.warn(told, stacklevel=3)


def _listed(texts: Sequence[str], comma: str) -> str:
    return comma.join(texts[:_NAMED]) + (f"{comma}..." if len(texts) > _NAMED else "")


def _rivals(entries: Sequence[Entry], frames: Sequence[int]) -> dict[str, str]:
    """By id, the images of another class that show the same frame."""
    shown: dict[int, list[Entry]] = {}
    for entry, frame in zip(entries, frames, strict=True):
        shown.setdefault(frame, []).append(entry)
    found = {}
    for together in shown.values():
        for entry in together:
            others = [other.id for other in together if other.kind != entry.kind]
            if others:
                found[entry.id] = " ".join(others)
    return {entry.id: found[entry.id] for entry in entries if entry.id in found}


def _require_empty(masks: Iterable[Path], size: tuple[int, int]) -> None:
    for path in masks:
        if read_mask(path, size).any():
            raise DataError("a mask with a lesion, of an image that is said to be normal", path)
