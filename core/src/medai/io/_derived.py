"""Images as a derived DICOM series: in the same place in the patient as the series that they were computed from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid

from medai.errors import DataError, UsageError
from medai.io._atomic import replacing
from medai.io._derived_image import derived_image
from medai.io._geometry import numbers
from medai.io._identity import plane_headers
from medai.io._placing import placing
from medai.io._stored_values import Storage
from medai.tasks import Image


def write_series(
    folder: Path | str,
    images: Image | Sequence[Image],
    *,
    names: Sequence[str] = (),
    description: str = "computed by medai",
    method: str = "",
    window: tuple[float, float] | None = None,
    identified: bool = False,
) -> list[Path]:
    """Write a volume, or planes of one series, as a new DICOM series in the place of the series that it was read from.

    The series is of the same study and frame of reference and has its own series and instance UIDs; every image is marked as derived,
    with a reference to its source. CT is written as CT in HU with 16 bits and the source's rescale where the values fit; MR as MR with
    one rescale for the series; ultrasound and colour with 8 bits; what else there is as secondary capture. Planes are put in order of
    position, frames of a multi-frame source become images of one plane.

    A derived series belongs to a patient, but what leaves medai names nobody unless asked to: so the patient's id and all UIDs are
    pseudonyms (`medai.io.pseudonym`), the same for all that is derived from one source, and nothing else is taken over that says who
    it is or when it was made. `identified` puts the series into the patient's own study instead, for the archive it came from.

    Args:
        folder: where the files go, `0001.dcm` and on; it must not be there yet. It appears in one step, with all files.
        images: float32 (1, D, H, W), or planes (1, H, W) or (3, H, W), of one series and unit; `Image.origin` has the source files.
        names: names for the files of the planes, without suffix; in the order of `images`.
        description: the series' name in an archive; it should name no patient. At most 64 letters are kept.
        method: what computed the images, for each image's derivation description: a recipe's id.
        window: lowest and highest value that a viewer shows at first; default the source's own, or all.
        identified: take over the patient, the study and their UIDs.

    Raises:
        DataError: no DICOM source, planes of several series, or of another size or number than their source.
        UsageError: the folder is there and holds something.
        EnvironmentFault: the disk is full or the folder may not be written.
    """
    folder = Path(folder)
    planes, headers = _planes([images] if isinstance(images, Image) else list(images), identified)
    _require_one_series(planes, headers)
    order = sorted(range(len(planes)), key=lambda index: _position(headers[index], index))
    colour = planes[0].pixels.shape[0] == 3
    storage = Storage.of(headers[0], (plane.pixels.numpy() for plane in planes), planes[0].unit, colour=colour)
    series = generate_uid()
    labels = list(names) or [f"{place + 1:04d}" for place in np.argsort(order)]
    if len(labels) != len(planes):
        raise UsageError(f"{len(labels)} names for {len(planes)} planes")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: a series is written into a folder of its own")
    with placing(folder) as temporary:
        for number, index in enumerate(order, start=1):
            file = derived_image(headers[index], planes[index].pixels, storage, method=method, window=window)
            file.SeriesInstanceUID, file.SeriesDescription = series, description[:64]
            file.InstanceNumber = number
            with replacing(temporary / f"{labels[index]}.dcm") as path:
                file.save_as(path, enforce_file_format=True)
    return [folder / f"{labels[index]}.dcm" for index in order]


def _planes(images: Sequence[Image], identified: bool) -> tuple[list[Image], list[Dataset]]:
    planes: list[Image] = []
    headers: list[Dataset] = []
    for image in images:
        headers += plane_headers(image, identified=identified)
        if image.pixels.shape[0] not in (1, 3):
            raise DataError(f"DICOM holds images of 1 or 3 channels, not of {image.pixels.shape[0]}")
        planes += [Image(pixels, image.unit) for pixels in (image.pixels.unbind(1) if image.pixels.ndim == 4 else [image.pixels])]
    if not planes:
        raise DataError("no image to write")
    return planes, headers


def _require_one_series(planes: Sequence[Image], headers: Sequence[Dataset]) -> None:
    kinds = {(plane.unit, plane.pixels.shape) for plane in planes}
    series = {series_key(header) for header in headers}
    if len(series) > 1 or len(kinds) > 1:
        raise DataError(f"planes of {max(len(series), len(kinds))} series, sizes or units cannot be one series")


def series_key(header: Dataset) -> tuple[object, ...]:
    """What planes of one series have in common: identity, size and orientation."""
    cosines = tuple(round(float(value), 2) + 0.0 for value in header.get("ImageOrientationPatient") or ())
    return str(header.SeriesInstanceUID), int(header.Rows), int(header.Columns), cosines


def _position(header: Dataset, index: int) -> tuple[float, int, int]:
    """Millimetres along the normal; where they are not known, the source's number."""
    instance = int(header.get("InstanceNumber") or 0)
    cosines, corner = numbers(header, "ImageOrientationPatient", 6), numbers(header, "ImagePositionPatient", 3)
    if cosines is None or corner is None:
        return 0.0, instance, index
    # Rounded, because noise in the last digit must not undo the order of planes in one place.
    return round(float(np.cross(cosines[:3], cosines[3:]) @ corner), 3), instance, index
