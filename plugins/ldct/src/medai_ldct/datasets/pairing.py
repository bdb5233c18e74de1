"""The slices of one patient at two doses, each with the one in the same place."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom

from medai.errors import DataError
from medai.io import SliceFile, list_slices, read_image
from medai.tasks import Case, Image, Sample

_EXPECTED = (".ima", ".dcm")
_REASONS = 5
"""That a warning names."""
_NO_PLACE = "its header says no position, where others do: where it belongs is not known"


@dataclass(frozen=True)
class Pair:
    """A slice at the low and at the full dose.

    Attributes:
        low, full: the files.
        fault: why they cannot be used, and the file at fault; None when they can. It is a case all the same, so that it is counted.
    """

    low: Path
    full: Path
    fault: tuple[str, Path] | None = None

    def read(self, case: Case) -> Sample[Image, Image]:
        """Both slices in HU, the low dose as the input.

        Raises:
            DataError: one cannot be read or is not in HU, or they differ in size, place or rescale.
        """
        if self.fault:
            raise DataError(*self.fault)
        low, full = (read_image(path, modality="CT") for path in (self.low, self.full))
        _require_alike(self, low, full)
        _require_hu(self, low, full)
        return Sample(case, low, full)


class Paired:
    """A dataset of such pairs: cases in the order in which they were taken up, each with its pair."""

    def __init__(self) -> None:
        self._pairs: dict[str, Pair] = {}
        self._cases: list[Case] = []

    def cases(self) -> Sequence[Case]:
        """A case per slice, patient by patient, in order of position."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The slice at the low dose, and at full dose as the reference.

        Raises:
            DataError: a file cannot be read or is not in HU, or the two differ in size, place or rescale.
        """
        return self._pairs[case.id].read(case)

    def _take(self, case: Case, pair: Pair) -> None:
        self._pairs[case.id] = pair
        self._cases.append(case)

    def _warn_of_faults(self) -> None:
        """Say before any case is read, when all are taken up, how many cannot be used and why."""
        faults = [pair.fault for pair in self._pairs.values() if pair.fault]
        if faults:
            first = {reason: path.name for reason, path in reversed(faults)}
            counts = Counter(reason for reason, _ in faults).most_common()
            told = "; ".join(f"{count} x {reason} ({first[reason]})" for reason, count in counts[:_REASONS])
            more = "; ..." if len(counts) > _REASONS else ""
            warnings.warn(
                f"{len(faults)} of {len(self._pairs)} pairs of slices cannot be used and are left out: {told}{more}", stacklevel=3
            )


def pairs_of(low: Path, full: Path, tolerance: float = 0.1) -> list[Pair]:
    """The slices of two folders in order of position; where headers say none, in order of instance number. No pixels are read.

    Args:
        low, full: a folder each, holding one series of one patient, whatever its files are called.
        tolerance: millimetres along the patient within which two slices lie in one place.

    Raises:
        DataError: a folder holds no CT, or slices in one place; one has slices that the other has not; no pair can be used; or headers say
            no position and are of several series, so that there is no order.
    """
    slices = _with_places([_slices(folder, tolerance) for folder in (low, full)], (low, full))
    _require_as_many(slices, (low, full), tolerance)
    pairs = _paired(slices[0], slices[1], (low, full), tolerance)
    bad = [pair.fault for pair in pairs if pair.fault]
    if len(bad) == len(pairs):
        reason, path = bad[0]
        raise DataError(f"none of {len(pairs)} slices can be used; the first: {reason}", path)
    return pairs


def _slices(folder: Path, tolerance: float) -> list[SliceFile]:
    # By position whatever the series: anonymisers give each file a series of its own.
    found = sorted(list_slices(folder, modality="CT"), key=lambda item: (item.position is None, item.position or 0.0))
    placed = [item for item in found if item.position is not None]
    for one, other in itertools.pairwise(placed):
        if abs(_z(other) - _z(one)) <= tolerance:
            raise DataError(f"lies at {_z(other):g} mm, as {one.path.name} does: one series is wanted in a folder", other.path)
    return found


def _with_places(slices: Sequence[list[SliceFile]], folders: tuple[Path, Path]) -> list[list[SliceFile]]:
    """The slices of both folders, those without a position as faulty where others have one: by any other order, those would be shifted."""
    if any(item.position is not None for part in slices for item in part):
        return [[item if item.position is not None or item.fault else replace(item, fault=_NO_PLACE) for item in part] for part in slices]
    for part, folder in zip(slices, folders, strict=True):
        series = {item.series for item in _sound(part)}
        if len(series) > 1:
            raise DataError(f"its headers say no position and are of {len(series)} series: in which order they lie is not known", folder)
    return list(slices)


def _z(item: SliceFile) -> float:
    assert item.position is not None
    return item.position


def _sound(slices: Sequence[SliceFile]) -> list[SliceFile]:
    return [item for item in slices if not item.fault]


def _require_as_many(slices: Sequence[list[SliceFile]], folders: tuple[Path, Path], tolerance: float) -> None:
    if len(slices[0]) == len(slices[1]):
        return
    less, more = (0, 1) if len(slices[0]) < len(slices[1]) else (1, 0)
    told = f"holds {len(slices[less])} slices, {folders[more].name} holds {len(slices[more])}"
    if all(item.position is not None for part in slices for item in part):
        alone = next(pair[more] for pair in _by_place(slices[less], slices[more], tolerance, flip=less == 1) if pair[less] is None)
        assert alone is not None
        told += f"; {alone.path.name}, at {_z(alone):g} mm, has no partner"
    strange = sorted(set(_looking_like_slices(folders[less])) - {item.path for item in slices[less]})
    if strange:
        told += f"; {strange[0].name} is no CT image in DICOM"
    raise DataError(told, folders[less])


def _looking_like_slices(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in _EXPECTED and not path.name.startswith(".") and path.is_file():
            yield path


Place = tuple[SliceFile | None, SliceFile | None]


def _by_place(first: Sequence[SliceFile], second: Sequence[SliceFile], tolerance: float, *, flip: bool = False) -> list[Place]:
    """The places of two lists in order of position, each with the slice of either list that lies there."""
    found: list[Place] = []
    one, other = list(first), list(second)
    while one or other:
        apart = math.inf if not one else -math.inf if not other else _z(one[0]) - _z(other[0])
        here = one.pop(0) if apart <= tolerance else None
        there = other.pop(0) if apart >= -tolerance else None
        found.append((there, here) if flip else (here, there))
    return found


def _paired(low: list[SliceFile], full: list[SliceFile], folders: tuple[Path, Path], tolerance: float) -> list[Pair]:
    if any(item.position is None for item in (*_sound(low), *_sound(full))):
        return _judged(list(zip(low, full, strict=True)))
    places = _by_place(_sound(low), _sound(full), tolerance)
    # A file whose header cannot be read says no place: it stands for a slice that is missing.
    damaged = [[item for item in part if item.fault] for part in (low, full)]
    whole: list[tuple[SliceFile, SliceFile]] = []
    for here, there in places:
        side = 0 if here is None else 1
        if here is None or there is None:
            if not damaged[side]:
                alone = here or there
                assert alone is not None
                raise DataError(f"lies at {_z(alone):g} mm, where {folders[side].name} has no slice", alone.path)
            here, there = here or damaged[0].pop(0), there or damaged[1].pop(0)
        whole.append((here, there))
    return _judged([*whole, *zip(*damaged, strict=True)])


def _judged(pairs: Sequence[tuple[SliceFile, SliceFile]]) -> list[Pair]:
    sizes = Counter((item.rows, item.columns) for pair in pairs for item in pair if not item.fault)
    usual = sizes.most_common(1)[0][0] if sizes else (0, 0)
    return [_judge(low, full, usual) for low, full in pairs]


def _judge(low: SliceFile, full: SliceFile, usual: tuple[int, int]) -> Pair:
    pair = Pair(low.path, full.path)
    for item in (low, full):
        if item.fault:
            return replace(pair, fault=(item.fault, item.path))
        if item.frames > 1:
            return replace(pair, fault=(f"holds {item.frames} planes where a slice is wanted", item.path))
        if (item.rows, item.columns) != usual:
            return replace(pair, fault=(f"is {item.rows} x {item.columns}, other slices {usual[0]} x {usual[1]}", item.path))
    return pair


def _require_alike(pair: Pair, low: Image, full: Image) -> None:
    if low.pixels.shape != full.pixels.shape:
        raise DataError(f"is {tuple(low.pixels.shape)}, {pair.full.name} {tuple(full.pixels.shape)}", pair.low)
    scales = _rescale(pair.low), _rescale(pair.full)
    if scales[0] != scales[1]:
        (slope, intercept), (other_slope, other_intercept) = scales
        raise DataError(
            f"its rescale is {slope:g} and {intercept:g}, that of {pair.full.name} {other_slope:g} and {other_intercept:g}: "
            "values of two scales are no pair",
            pair.low,
        )
    if low.affine is None or full.affine is None:
        return
    height, width = low.pixels.shape[-2:]
    corners = np.array([[0, 0, 0, 1], [height, width, 0, 1]]).T
    # Half a pixel: less is a matter of rounding in headers.
    if np.abs((low.affine - full.affine)[:2] @ corners).max() > min(low.spacing) / 2:
        raise DataError(f"lies elsewhere in the patient than {pair.full.name}, or at another scale", pair.low)


def _require_hu(pair: Pair, low: Image, full: Image) -> None:
    for image, path in ((low, pair.low), (full, pair.full)):
        if float(image.pixels.min()) >= 0:
            raise DataError("none of its values is negative, where air is at -1000 HU: its rescale is not one to HU", path)


def _rescale(path: Path) -> tuple[float, float]:
    """Slope and intercept; both files were read before, so the header is sound."""
    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["RescaleSlope", "RescaleIntercept"])
    return float(header.get("RescaleSlope", math.nan)), float(header.get("RescaleIntercept", math.nan))
