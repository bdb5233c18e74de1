"""The pixels of one DICOM file, in physical units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from medai.errors import DataError
from medai.io import _geometry
from medai.io._arrays import AIR
from medai.io._faults import check_size, image_of, reading
from medai.tasks import Image, Origin

Array = np.ndarray[Any, Any]

_AS_STORED = ("MR", "PT", "NM")
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# What to install for a transfer syntax, by the words in its name; the first that fits.
_PACKAGES = (
    ("JPEG 2000", "pylibjpeg and pylibjpeg-openjpeg"),
    ("JPEG-LS", "pyjpegls"),
    ("JPEG", "pylibjpeg and pylibjpeg-libjpeg"),
)


def is_dicom(path: Path) -> bool:
    """Whether the file begins as DICOM files do (PS3.10): 128 bytes, then `DICM`."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_dicom(path: Path, modality: str | None = None) -> Image:
    """One DICOM file, as `medai.io.read_image` says."""
    with reading(path, "DICOM"):
        header = pydicom.dcmread(path)
        _require(header, modality, path)
        frames = int(header.get("NumberOfFrames") or 1)
        samples = int(header.get("SamplesPerPixel") or 1)
        check_size((samples, frames, int(header.Rows), int(header.Columns)), path)
        _require_decoder(header, path)
        stored = pixel_array(header)
        pixels, unit = _physical(stored, header, path)
        flat = frames == 1
        origin = Origin((path,), _geometry.affine(header) if flat else None, _geometry.spacing(header) if flat else ())
        return image_of(np.moveaxis(pixels, -1, 0) if samples > 1 else pixels[None], unit, origin)


def _require(header: Dataset, modality: str | None, path: Path) -> None:
    actual = str(header.get("Modality") or "unknown")
    if modality is not None and actual != modality:
        raise DataError(f"not a {modality}: its modality is {actual}", path)
    if "Rows" not in header or "Columns" not in header:
        raise DataError("holds no image, or is truncated in its header", path)
    if not any(keyword in header for keyword in _PIXELS):
        raise DataError("truncated: its pixels are missing or cut short", path)


def _require_decoder(header: Dataset, path: Path) -> None:
    syntax = UID(str(header.file_meta.get("TransferSyntaxUID", "")))
    if not syntax:
        raise DataError("its transfer syntax is not given", path)
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        raise DataError(f"transfer syntax {syntax.name} ({syntax}) is not one of images that can be decoded", path) from None
    if not available:
        package = next((package for words, package in _PACKAGES if words in syntax.name), "python-gdcm")
        raise DataError(f"transfer syntax {syntax.name} ({syntax}) has no decoder here: install {package}", path)


def _physical(stored: Array, header: Dataset, path: Path) -> tuple[Array, str]:
    """Values in physical units, and the unit."""
    modality = header.get("Modality")
    if modality == "CT":
        return _hounsfield(stored, header, path), "HU"
    if modality in _AS_STORED:
        slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
        return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept), str(header.get("Units", ""))
    if stored.dtype.kind == "f":
        return stored, ""
    top = 2 ** int(header.BitsStored) - 1
    grey = (stored.astype(np.float32) + (2 ** (int(header.BitsStored) - 1) if header.PixelRepresentation else 0)) / top
    return (1 - grey if header.PhotometricInterpretation == "MONOCHROME1" else grey), "0..1"


def _hounsfield(stored: Array, header: Dataset, path: Path) -> Array:
    if int(header.get("SamplesPerPixel") or 1) != 1:
        raise DataError("a colour picture in a CT series has no HU", path)
    if header.get("RescaleSlope") is None or header.get("RescaleIntercept") is None:
        raise DataError("no rescale slope and intercept, so its values cannot be put in HU", path)
    if header.get("RescaleType", "HU") not in ("HU", "US", "", None):
        raise DataError(f"its values are {header.RescaleType}, not HU", path)
    slope, intercept = float(header.RescaleSlope), float(header.RescaleIntercept)
    if slope == 0:
        raise DataError("its rescale slope is zero", path)
    values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    # Some scanners fill the outside of the field of view with -2048 or -3024 and do not say so.
    return np.maximum(np.where(_padding(stored, header), np.float32(AIR), values), np.float32(AIR))


def _padding(stored: Array, header: Dataset) -> Array:
    """Where the file says that there is no image: its padding value, or the range from there to the limit."""
    value = header.get("PixelPaddingValue")
    if value is None or stored.dtype.kind not in "iu":
        return np.zeros(stored.shape, dtype=bool)
    limit = header.get("PixelPaddingRangeLimit", value)
    # The value may be written unsigned where pixels are signed (63536 for -2000): take it as the pixels' own type does.
    low, high = sorted(int(np.array(int(bound) & (2 ** (8 * stored.itemsize) - 1)).astype(stored.dtype)) for bound in (value, limit))
    return np.asarray((stored >= low) & (stored <= high))
