"""Masks as DICOM segmentations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.tasks import Mask, Sample
from medai_standard.exporters.dicom_objects import Placed, by_series, headers_of, highdicom, made_by, write_object
from medai_standard.exporters.naming import Names

_PLACED = ("CT", "MR", "PT")


class DicomSeg:
    """Masks as DICOM Segmentation objects (binary), one for the planes of a source series or for a volume, a segment for each class.

    Each refers to its source images and lies in their frame of reference. Who the patient is, is left out unless `identified`; see
    `medai.io.write_series`.

    Args:
        classes: names of the classes, the background's first; default `class 1` and on.
        description: the series' name in an archive.
        recipe: what made the masks.
        identified: keep the patient, the study and their UIDs.
    """

    def __init__(
        self, classes: tuple[str, ...] = (), description: str = "segmented by medai", recipe: str = "", identified: bool = False
    ) -> None:
        self._hd, self._seg = highdicom(), highdicom(".seg")
        self._classes, self._description, self._recipe, self._identified = classes, description, recipe, identified

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """A mask of the size of the DICOM files that the case was read from.

        Raises:
            DataError: it is not so.
        """
        _require(_compact(prediction), headers_of(sample, identified=False))

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the segmentations; the masks of a series are held in memory, 2 bytes a pixel.

        Raises:
            DataError: a prediction is no mask, or came from no DICOM file.
        """
        names, files = Names(), []
        compact = ((sample, _compact(prediction)) for sample, prediction in rows)
        for parts in by_series(compact, identified=self._identified):
            name = names.of_all([part.case for part in parts])
            files.append(write_object(folder / f"{name}.dcm", self._segmentation(parts)))
        return files

    def _segmentation(self, parts: Sequence[Placed]) -> Any:
        for part in parts:
            _require(part.prediction, part.headers)
        headers = [header for part in parts for header in part.headers]
        labels = np.concatenate([part.prediction.reshape(-1, *part.prediction.shape[-2:]) for part in parts])
        count = max(1, int(labels.max()), len(self._classes) - 1)
        segmentation = self._seg.Segmentation(
            source_images=headers,
            pixel_array=labels,
            segmentation_type=self._seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[self._segment(number) for number in range(1, count + 1)],
            series_instance_uid=self._hd.UID(),
            series_number=1,
            sop_instance_uid=self._hd.UID(),
            instance_number=1,
            omit_empty_frames=bool(labels.any()),
            **made_by(self._recipe),
        )
        segmentation.SeriesDescription = self._description[:64]
        for series in segmentation.get("ReferencedSeriesSequence", ()):
            # The planes of a multi-frame source are one instance, to be referred to once.
            unique = {item.ReferencedSOPInstanceUID: item for item in series.ReferencedInstanceSequence}
            series.ReferencedInstanceSequence = list(unique.values())
        return segmentation

    def _segment(self, number: int) -> Any:
        from pydicom.sr.codedict import codes

        name = self._classes[number] if number < len(self._classes) else f"class {number}"
        return self._seg.SegmentDescription(
            segment_number=number,
            segment_label=name[:64],
            # What a class is, a name does not say in codes; tissue is what every structure of a patient is.
            segmented_property_category=codes.SCT.Tissue,
            segmented_property_type=codes.SCT.Tissue,
            algorithm_type=self._seg.SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=self._hd.AlgorithmIdentificationSequence(
                name=self._recipe or "medai", family=codes.cid7162.ArtificialIntelligence, version=made_by("")["software_versions"]
            ),
        )


def _require(labels: Any, headers: Sequence[Any]) -> None:
    found, wanted = tuple(labels.shape[-2:]), (int(headers[0].Rows), int(headers[0].Columns))
    if found != wanted:
        raise DataError(f"the mask is of {found[0]} x {found[1]} pixels, its source of {wanted[0]} x {wanted[1]}")
    if headers[0].get("Modality") in _PLACED and "FrameOfReferenceUID" not in headers[0]:
        raise DataError(f"its source is {headers[0].Modality} and says no position, which a segmentation of it needs")


def _compact(prediction: Any) -> Any:
    """(H, W) or (D, H, W) uint16, in place of int64."""
    if not isinstance(prediction, Mask):
        raise DataError(f"an answer of type {type(prediction).__name__} is no mask")
    return prediction.labels.numpy().astype(np.uint16)
