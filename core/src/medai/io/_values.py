"""From stored values of DICOM to physical ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydicom import Dataset

from medai.errors import DataError
from medai.io import _geometry, _palettes
from medai.io._files import AIR

Array = np.ndarray[Any, Any]

_Scales = Sequence[tuple[float | None, float | None]]

_AS_STORED = ("MR", "PT", "NM", "RTDOSE")


def physical(stored: Array, header: Dataset, frames: Sequence[Dataset], path: Path) -> tuple[Array, str]:
    """Values float32 (channels, frames, rows, columns), and their unit, as `medai.io.read_image` says.

    Args:
        stored: (frames, rows, columns, samples).
        header: the file's.
        frames: what is said of each frame, or of all of them alike.
        path: the file, for errors.
    """
    modality = header.get("Modality")
    if modality == "CT" and _is_coloured(header):
        raise DataError("a colour picture in a CT series has no HU", path)
    if _is_coloured(header):
        return _colours(stored, header), "0..1"
    grey = stored[None, ..., 0]
    if modality == "CT":
        return _hounsfield(grey, header, frames, path), "HU"
    if grey.dtype.kind == "f" or modality in _AS_STORED:
        values = grey if grey.dtype.kind == "f" else _rescaled(grey, header, _scales(frames))
        return _filled(values, grey, header, 0.0), str(header.get("Units") or header.get("DoseUnits") or "")[:16]
    return _filled(_shades(grey, header, frames), grey, header, 0.0), "0..1"


def _is_coloured(header: Dataset) -> bool:
    return int(header.get("SamplesPerPixel") or 1) > 1 or header.get("PhotometricInterpretation") == "PALETTE COLOR"


def _colours(stored: Array, header: Dataset) -> Array:
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        colours = _palettes.coloured(stored[..., 0], header)
    else:
        colours = stored.astype(np.float32) / np.float32(2 ** int(header.BitsStored) - 1)
    return np.moveaxis(colours, -1, 0)


def _shades(grey: Array, header: Dataset, frames: Sequence[Dataset]) -> Array:
    """0..1 over the range that stored values may take; a falling scale and MONOCHROME1 are turned about."""
    if header.get("ModalityLUTSequence"):
        values, top = _palettes.modality_table(grey, header)
    else:
        values, top = grey.astype(np.float32), 2 ** int(header.BitsStored) - 1
        values += 2 ** (int(header.BitsStored) - 1) if header.get("PixelRepresentation") else 0
    values /= np.float32(top)
    falls = (_geometry.number(frames[0], "RescaleSlope") or 1) < 0
    return 1 - values if (header.get("PhotometricInterpretation") == "MONOCHROME1") != falls else values


def _hounsfield(grey: Array, header: Dataset, frames: Sequence[Dataset], path: Path) -> Array:
    table = header.get("ModalityLUTSequence")
    kind = str(table[0].get("ModalityLUTType") or "HU" if table else frames[0].get("RescaleType") or "HU")
    if kind not in ("HU", "US"):
        raise DataError(f"its values are {kind[:16]}, not HU", path)
    scales = () if table else _scales(frames)
    if any(None in scale for scale in scales):
        raise DataError("no rescale slope and intercept, so its values cannot be put in HU", path)
    if any(slope == 0 for slope, _ in scales):
        raise DataError("its rescale slope is zero", path)
    values = _palettes.modality_table(grey, header)[0] if table else _rescaled(grey, header, scales)
    if not _is_below_air(_padding(grey, header), scales):
        values = _filled(values, grey, header, AIR)
    # Some scanners fill the outside of the field of view with -2048 or -3024 and do not say so.
    if values.min() < AIR:
        # By torch in half of numpy's time.
        torch.from_numpy(values).clamp_(min=AIR)
    return values


def _scales(frames: Sequence[Dataset]) -> list[tuple[float | None, float | None]]:
    """Slope and intercept of each frame, as far as they are given."""
    return [(_geometry.number(frame, "RescaleSlope"), _geometry.number(frame, "RescaleIntercept")) for frame in frames]


def _rescaled(grey: Array, header: Dataset, scales: _Scales) -> Array:
    dose = _geometry.number(header, "DoseGridScaling")
    slopes, intercepts = np.array([((dose or 1) if slope is None else slope, intercept or 0) for slope, intercept in scales]).T
    if np.abs(slopes).max() * 2.0 ** (8 * grey.itemsize) + np.abs(intercepts).max() > np.finfo(np.float32).max:
        raise ValueError("its rescale slope or intercept is absurd")
    values: Array = grey.astype(np.float32)
    if (slopes != 1).any():
        values *= slopes.astype(np.float32)[:, None, None]
    values += intercepts.astype(np.float32)[:, None, None]
    return values


def _is_below_air(padding: tuple[int, int] | None, scales: _Scales) -> bool:
    """Whether padding is cut off with all that is below air, which takes less than to fill it; 1 HU leaves room for rounding."""
    if padding is None or not scales:
        return False
    return all((slope or 0) * value + (intercept or 0) < AIR - 1 for slope, intercept in scales for value in padding)


def _filled(values: Array, grey: Array, header: Dataset, filling: float) -> Array:
    """`values`, with `filling` where the file says that there is no image: its padding value, or the range from there to the limit."""
    if grey.dtype.kind == "f":
        value = header.get("FloatPixelPaddingValue", header.get("DoubleFloatPixelPaddingValue"))
        return values if value is None else np.where(grey == value, np.float32(filling), values)
    padding = _padding(grey, header)
    if padding is not None:
        low, high = padding
        # A third of the time of `np.putmask`.
        np.copyto(values, np.float32(filling), where=grey == low if low == high else (grey >= low) & (grey <= high))
    return values


def _padding(grey: Array, header: Dataset) -> tuple[int, int] | None:
    """The stored whole numbers, from the first to the last, that say that there is no image."""
    value = header.get("PixelPaddingValue")
    if value is None or value == "" or grey.dtype.kind == "f":
        return None
    limit = header.get("PixelPaddingRangeLimit", value)
    # The value may be written unsigned where pixels are signed (63536 for -2000): take it as the pixels' own type does.
    bits = 8 * grey.itemsize
    one, other = (int(np.array(int(bound) & (2**bits - 1), f"u{grey.itemsize}").astype(grey.dtype)) for bound in (value, limit))
    return min(one, other), max(one, other)
