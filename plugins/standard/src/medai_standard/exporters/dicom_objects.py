"""What exporters of DICOM objects share: highdicom, the sources of answers by series, and whole files."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medai.errors import DataError, EnvironmentFault
from medai.io import plane_headers, replacing, series_key
from medai.tasks import Image, Sample


@dataclass(frozen=True)
class Placed:
    """An answer with the headers of the planes that it is for (`medai.io.plane_headers`)."""

    case: str
    headers: list[Any]
    prediction: Any


def highdicom(module: str = "") -> Any:
    """highdicom, or a module of it, which an extra brings.

    Raises:
        EnvironmentFault: it is not installed.
    """
    try:
        return importlib.import_module(f"highdicom{module}")
    except ImportError as error:
        raise EnvironmentFault("highdicom is not installed: pip install 'medai-standard[dicom]'") from error


def headers_of(sample: Sample[Any, Any], *, identified: bool) -> list[Any]:
    """The headers of the planes of a case's image.

    Raises:
        DataError: the case has no image, or it was not read from DICOM.
    """
    if not isinstance(sample.inputs, Image):
        raise DataError(f"an input of type {type(sample.inputs).__name__} is no DICOM image")
    return plane_headers(replace(sample.inputs, origin=sample.origin), identified=identified)


def by_series(rows: Iterable[tuple[Sample[Any, Any], Any]], *, identified: bool) -> list[list[Placed]]:
    """The answers by the series that their images are of, in the order of the first of each; a volume is alone.

    Raises:
        DataError: as `headers_of`.
    """
    found: dict[Any, list[Placed]] = defaultdict(list)
    for sample, prediction in rows:
        headers = headers_of(sample, identified=identified)
        key = series_key(headers[0]) if sample.inputs.pixels.ndim == 3 else sample.case.id
        found[key].append(Placed(sample.case.id, headers, prediction))
    return list(found.values())


def made_by(recipe: str) -> dict[str, str]:
    """The equipment that made an object, as highdicom takes it."""
    return {
        "manufacturer": "medai",
        "manufacturer_model_name": recipe or "medai",
        "software_versions": importlib.metadata.version("medai"),
        "device_serial_number": "none",
    }


def write_object(path: Path, item: Any) -> Path:
    """Write a DICOM object whole."""
    with replacing(path) as temporary:
        item.save_as(temporary, enforce_file_format=True)
    return path
