"""Boxes, class probabilities and numbers as DICOM structured reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.tasks import Boxes, Sample, Scores, Value
from medai_standard.exporters.dicom_objects import Placed, by_series, headers_of, highdicom, made_by, write_object
from medai_standard.exporters.naming import Names

_OWN = "99MEDAI"
_UNITS = {"mm": "millimeter", "cm": "centimeter", "mm2": "square millimeter", "mm3": "cubic millimeter", "ml": "milliliter"} | {
    "cm2": "square centimeter", "cm3": "cubic centimeter", "%": "percent", "a": "year", "deg": "degree"
}  # fmt: skip
"""UCUM's code for a unit, and its meaning."""


class DicomSr:
    """Answers as a DICOM measurement report (TID 1500), one for the images of a source series or for a volume.

    A box is a planar region (TID 1410) of its image with its class as the finding and its score as the measurement `Probability`; the
    probabilities of classes and numbers are measurements of their image (TID 1501). Classes and numbers have no codes of a public
    terminology, so their codes are of the private scheme `99MEDAI` with their names as meanings; a number whose name ends in a unit of
    UCUM, as `volume (ml)`, is of that unit, else of none. Who the patient is, is left out unless `identified`.

    Args:
        classes: names of the classes, in the order of their numbers.
        least: lowest score of a box that is reported.
        description: the series' name in an archive.
        recipe: what made the answers.
        identified: keep the patient, the study and their UIDs.
    """

    def __init__(
        self,
        classes: tuple[str, ...] = (),
        least: float = 0.0,
        description: str = "measured by medai",
        recipe: str = "",
        identified: bool = False,
    ) -> None:
        self._hd, self._sr = highdicom(), highdicom(".sr")
        self._classes, self._least, self._recipe = classes, least, recipe
        self._description, self._identified = description, identified

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Boxes, class probabilities or numbers of an image that was read from DICOM.

        Raises:
            DataError: it is not so.
        """
        _require(prediction)
        headers_of(sample, identified=False)

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the reports.

        Raises:
            DataError: a prediction is of another kind, or came from no DICOM file.
        """
        names, files = Names(), []
        for parts in by_series(rows, identified=self._identified):
            name = names.of_all([part.case for part in parts])
            files.append(write_object(folder / f"{name}.dcm", self._report(parts)))
        return files

    def _report(self, parts: Sequence[Placed]) -> Any:
        from pydicom.sr.codedict import codes

        groups = [group for part in parts for group in self._groups(part)] or [self._nothing(part) for part in parts]
        headers = list({header.SOPInstanceUID: header for part in parts for header in part.headers}.values())
        observer = self._sr.ObserverContext(
            observer_type=codes.DCM.Device,
            observer_identifying_attributes=self._sr.DeviceObserverIdentifyingAttributes(
                uid=self._device(), manufacturer_name="medai", model_name=self._recipe or "medai"
            ),
        )
        content = self._sr.MeasurementReport(
            observation_context=self._sr.ObservationContext(observer_device_context=observer),
            procedure_reported=_procedure(str(headers[0].get("Modality"))),
            imaging_measurements=groups,
            referenced_images=headers,
        )
        report = self._sr.ComprehensiveSR(
            evidence=headers,
            content=content[0],
            series_instance_uid=self._hd.UID(),
            series_number=1,
            sop_instance_uid=self._hd.UID(),
            instance_number=1,
            manufacturer="medai",
            is_complete=True,
        )
        report.SeriesDescription = self._description[:64]
        return report

    def _groups(self, part: Placed) -> Iterator[Any]:
        prediction = part.prediction
        _require(prediction)
        if isinstance(prediction, Boxes):
            yield from self._regions(prediction, part.headers[0])
        elif isinstance(prediction, Scores):
            yield self._of_image(part, [self._probability(index, float(p)) for index, p in enumerate(prediction.probabilities)])
        else:
            yield self._of_image(part, [self._number(prediction, index) for index in range(len(prediction.values))])

    def _regions(self, found: Boxes, header: Any) -> Iterator[Any]:
        from pydicom.sr.codedict import codes

        scores = [None] * len(found) if found.scores is None else found.scores.tolist()
        image = self._sr.SourceImageForRegion(header.SOPClassUID, header.SOPInstanceUID)
        for index, (box, label, score) in enumerate(zip(found.boxes.tolist(), found.labels.tolist(), scores, strict=True), start=1):
            if score is not None and score < self._least:
                continue
            measured = [] if score is None else [self._sr.Measurement(codes.DCM.Probability, score, codes.UCUM.NoUnits)]
            yield self._sr.PlanarROIMeasurementsAndQualitativeEvaluations(
                tracking_identifier=self._sr.TrackingIdentifier(uid=self._hd.UID(), identifier=f"box {index}"),
                referenced_region=self._sr.ImageRegion(
                    graphic_type=self._sr.GraphicTypeValues.POLYLINE, graphic_data=_outline(box, header), source_image=image
                ),
                finding_type=self._class(label),
                algorithm_id=self._algorithm(),
                measurements=measured or None,
            )

    def _nothing(self, part: Placed) -> Any:
        """What is said of an image when no image of the report has a box: a report must measure something."""
        from pydicom.sr.codedict import codes

        count = self._sr.CodedConcept("NUMBER_OF_BOXES", _OWN, "Number of boxes")
        return self._of_image(part, [self._sr.Measurement(count, 0, codes.UCUM.NoUnits)])

    def _of_image(self, part: Placed, measurements: Sequence[Any]) -> Any:
        headers = {header.SOPInstanceUID: header for header in part.headers}.values()
        evaluations = None
        if isinstance(part.prediction, Scores):
            chosen = self._class(int(part.prediction.probabilities.argmax()))
            evaluations = [self._sr.QualitativeEvaluation(self._sr.CodedConcept("CLASS", _OWN, "Class"), chosen)]
        return self._sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._sr.TrackingIdentifier(uid=self._hd.UID(), identifier="image"),
            algorithm_id=self._algorithm(),
            measurements=measurements,
            qualitative_evaluations=evaluations,
            source_images=[self._sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID) for header in headers],
        )

    def _probability(self, index: int, value: float) -> Any:
        from pydicom.sr.codedict import codes

        name = self._sr.CodedConcept(f"P_CLASS_{index}", _OWN, f"Probability of {self._name(index)}"[:64])
        return self._sr.Measurement(name, value, codes.UCUM.NoUnits)

    def _number(self, found: Value, index: int) -> Any:
        from pydicom.sr.codedict import codes

        name = found.names[index] if found.names else f"value {index + 1}"
        unit = re.search(r"\(([^()]+)\)$", name)
        known = self._sr.CodedConcept(unit[1], "UCUM", _UNITS[unit[1]]) if unit and unit[1] in _UNITS else codes.UCUM.NoUnits
        return self._sr.Measurement(self._sr.CodedConcept(f"VALUE_{index}", _OWN, name[:64]), float(found.values[index]), known)

    def _class(self, label: int) -> Any:
        return self._sr.CodedConcept(f"CLASS_{label}", _OWN, self._name(label)[:64])

    def _name(self, label: int) -> str:
        return self._classes[label] if label < len(self._classes) else f"class {label}"

    def _algorithm(self) -> Any:
        return self._sr.AlgorithmIdentification(name=self._recipe or "medai", version=made_by("")["software_versions"])

    def _device(self) -> str:
        from pydicom.uid import generate_uid

        return str(generate_uid(entropy_srcs=["medai", self._recipe, made_by("")["software_versions"]]))


def _require(prediction: Any) -> None:
    if not isinstance(prediction, Boxes | Scores | Value):
        raise DataError(f"an answer of type {type(prediction).__name__} is not reported: boxes, class probabilities and numbers are")


def _outline(box: Sequence[float], header: Any) -> Any:
    """(5, 2): the corners of a box as (column, row), the first again at the end; DICOM counts from the image's corner, as boxes do."""
    x0, y0, x1, y1 = np.clip(box, 0, [header.Columns, header.Rows] * 2)
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]])


def _procedure(modality: str) -> Any:
    from pydicom.sr.codedict import codes

    known = {"CT": codes.cid100.CTUnspecifiedBodyRegion, "MR": codes.cid100.MRIUnspecifiedBodyRegion}
    return known.get(modality, codes.cid100.ImagingProcedure)
