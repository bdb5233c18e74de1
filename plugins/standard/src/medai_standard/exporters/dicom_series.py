"""Images as derived DICOM series."""

from __future__ import annotations

import secrets
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai.errors import DataError
from medai.io import plane_headers, series_key, write_series
from medai.tasks import Image, Sample
from medai_standard.exporters.naming import Names


class DicomSeries:
    """Every image back in its place: the planes of one source series become one derived series, a volume one of its own.

    `medai.io.write_series` says what is taken over from the source, and that the patient is not unless `identified`.

    Args:
        description: the series' name in an archive.
        window: lowest and highest value that a viewer shows at first; default the source's own.
        recipe: what computed the images, for their derivation description.
        identified: keep the patient, the study and their UIDs, for the archive that the images came from.
    """

    def __init__(
        self,
        description: str = "computed by medai",
        window: tuple[float, float] | None = None,
        recipe: str = "",
        identified: bool = False,
    ) -> None:
        self._options: dict[str, Any] = {"description": description, "method": recipe, "window": window, "identified": identified}

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """An image of the size of the DICOM files that the case was read from.

        Raises:
            DataError: it is not so.
        """
        plane_headers(_placed(prediction, sample))

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the series, each in a folder of its own; a plane's file has the name of its case.

        Raises:
            DataError: a prediction is no image, or came from no DICOM file.
        """
        names, files = Names(), []
        series: dict[Any, list[tuple[str, Image]]] = defaultdict(list)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
            for sample, prediction in rows:
                image, name = _placed(prediction, sample), names.of(sample.case.id)
                if image.pixels.ndim == 4:
                    files += write_series(folder / name, image, **self._options)
                else:
                    key = series_key(plane_headers(image)[0])
                    series[key].append((name, _set_aside(image, Path(scratch, f"{name}.npy"))))
            for planes in series.values():
                # Told apart from what stands there, because planes of two series must not lie in one folder.
                home = folder / f"{Names().of_all([name for name, _ in planes])}-{secrets.token_hex(3)}"
                files += write_series(home, [image for _, image in planes], names=[name for name, _ in planes], **self._options)
        return files


def _placed(prediction: Any, sample: Sample[Any, Any]) -> Image:
    if not isinstance(prediction, Image):
        raise DataError(f"an answer of type {type(prediction).__name__} is no image")
    return replace(prediction, origin=sample.origin)


def _set_aside(image: Image, path: Path) -> Image:
    """The image with its pixels on the disk until they are needed: a series may be larger than memory."""
    np.save(path, image.pixels.numpy(), allow_pickle=False)
    return replace(image, pixels=torch.from_numpy(np.load(path, mmap_mode="c", allow_pickle=False)))
