"""Pairs of CT slices: DICOM files in `low/` and `full/`, and generated ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydicom.dataset import Dataset as Header
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from medai.errors import DataError
from medai.io import KEPT, LARGEST, Series, SliceFile, list_series, list_slices, read_image, read_overlays, read_series
from medai.tasks import Case, Image, Origin, Sample

_SIZE = 24


def phantom(seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy disc and the clean one, HU, float32 (24, 24)."""
    rng = np.random.default_rng([seed, index])
    y, x = np.mgrid[:_SIZE, :_SIZE]
    clean = np.where(np.hypot(x - rng.integers(9, 15), y - rng.integers(9, 15)) < 7, 60.0, -80.0)
    return (clean + rng.normal(0, 40, clean.shape)).astype(np.float32), clean.astype(np.float32)


class Phantoms:
    """`n` pairs, two of each subject."""

    def __init__(self, n: int = 12) -> None:
        self._cases = [Case(f"c{index}", group=f"subject{index // 2}", attributes={"dose": 0.25}) for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        low, full = (Image(torch.from_numpy(picture)[None], "HU") for picture in phantom(0, int(case.id[1:])))
        return Sample(case, low, full)


class Slices:
    """Slices of one place in `low/` and `full/`."""

    def __init__(self, root: Path) -> None:
        parts = [{(file.series, file.index): file for file in _sound(Path(root) / part)} for part in ("low", "full")]
        if not parts[0] or len(parts[0]) != len(parts[1]):
            raise DataError("low/ and full/ do not hold the same slices", root)
        pairs = zip(parts[0].values(), parts[1].values(), strict=True)
        self._pairs = {low.id: (low, full) for low, full in pairs}

    def cases(self) -> Sequence[Case]:
        return [Case(id, low.patient, attributes={"modality": low.modality}) for id, (low, _) in self._pairs.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        low, full = self._pairs[case.id]
        if low.rows * low.columns > LARGEST:
            raise DataError("too large a slice", low.path)
        if read_overlays(low.path).any():
            raise DataError("something is drawn on it", low.path)
        given = read_image(low.path, modality="CT")
        origin = Origin(
            files=given.origin.files,
            affine=given.affine,
            spacing=given.spacing,
            tilt=given.origin.tilt,
            attributes={key: value for key, value in given.origin.attributes.items() if key in KEPT},
            calibrations=given.origin.calibrations,
        )
        return Sample(case, Image(given.pixels, given.unit, origin), read_image(full.path, modality="CT"), origin)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        for index in range(n):
            for part, picture in zip(("low", "full"), phantom(seed, index), strict=True):
                folder = Path(root) / part
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / f"{index}.dcm", picture, f"{part}-{index // 2}", place=index % 2, patient=index // 2)


class Volumes:
    """The same files as volumes."""

    write_stub = staticmethod(Slices.write_stub)

    def __init__(self, root: Path) -> None:
        low, full = ([each for each in list_series(Path(root) / part) if not each.fault] for part in ("low", "full"))
        self._pairs: dict[str, tuple[Series, Series]] = {first.id: (first, second) for first, second in zip(low, full, strict=True)}

    def cases(self) -> Sequence[Case]:
        return [Case(id, low.patient) for id, (low, _) in self._pairs.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        return Sample(case, *(read_series(series) for series in self._pairs[case.id]))


def _sound(folder: Path) -> list[SliceFile]:
    return [file for file in list_slices(folder) if not file.fault]


def _write(path: Path, picture: np.ndarray, series: str, *, place: int, patient: int) -> None:
    header = Header()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = CTImageStorage
    header.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(place)])
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    header.SeriesInstanceUID = header.FrameOfReferenceUID = generate_uid(entropy_srcs=[series])
    header.StudyInstanceUID = generate_uid(entropy_srcs=[str(patient)])
    header.Modality, header.PatientID, header.InstanceNumber = "CT", f"patient {patient}", place + 1
    header.Rows, header.Columns = picture.shape
    header.PixelSpacing, header.SliceThickness = [0.7, 0.7], 1.0
    header.ImagePositionPatient, header.ImageOrientationPatient = [0.0, 0.0, float(place)], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    header.RescaleSlope, header.RescaleIntercept = 1, -1024
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 0
    header.PixelData = np.clip(picture + 1024, 0, 4095).astype("<u2").tobytes()
    header.save_as(path, enforce_file_format=True)
