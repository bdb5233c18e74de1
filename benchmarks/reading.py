"""What reading DICOM costs beside bare pydicom loops over the same files, in one run on one core.

    python benchmarks/reading.py [FOLDER]

- Reading and windowing a series, uncompressed and JPEG 2000, made in a temporary folder (or the one series of FOLDER): by
  `read_series` of a listed series, and of the folder, which lists it first.
- Listing 10,000 headers by `list_slices` and by `list_series`; the bare loop parses each header and asks for its position.
- Reading series with one and with two workers of torch's loader, each worker in a process of its own (wall time).

CPU time, the least of runs in turn. Exit code 1 when a series, listed or as a folder, is read at less than 90 % of the bare loop's speed,
or a listing takes more than 1.1 times the bare loop's time.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import torch
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, generate_uid

from medai.io import list_series, list_slices, read_series, window

REPEATS = 7
PLANES = 60
HEADERS = 10_000
SPEED, LISTING = 0.9, 1.1
LOW, HIGH = -160.0, 240.0


def main() -> int:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if len(sys.argv) > 1:
            kept = [_series("the series given", Path(sys.argv[1]))]
        else:
            kept = [
                _series("uncompressed", _written(root / "plain", 512, PLANES)),
                _series("JPEG 2000", _written(root / "compressed", 512, PLANES // 6, compress=True)),
            ]
        kept.append(_listing(_copied(root / "headers", HEADERS)))
        _workers(root)
    return 0 if all(kept) else 1


def _series(name: str, folder: Path) -> bool:
    (series,) = list_series(folder)
    bare, listed, whole = _in_turn(
        lambda: _bare_series(series.files),
        lambda: window(read_series(series), LOW, HIGH),
        lambda: window(read_series(folder), LOW, HIGH),
    )
    print(
        f"reading and windowing {series.planes} planes, {name}: bare pydicom {1000 * bare / series.planes:.2f} ms per plane; "
        f"a listed series at {bare / listed:.0%} of its speed, a folder at {bare / whole:.0%}, wanted at least {SPEED:.0%}"
    )
    return bare / max(listed, whole) >= SPEED


def _bare_series(files: Sequence[Path]) -> torch.Tensor:
    """What everybody writes, in float32 and without a second look at the files."""
    planes = []
    for path in files:
        header = pydicom.dcmread(path)
        values = header.pixel_array.astype(np.float32) * np.float32(header.RescaleSlope) + np.float32(header.RescaleIntercept)
        planes.append((header.ImagePositionPatient[2], np.clip((values - LOW) / (HIGH - LOW), 0, 1)))
    return torch.from_numpy(np.stack([plane for _, plane in sorted(planes, key=lambda item: item[0])]))


def _listing(folder: Path) -> bool:
    files = sorted(folder.iterdir())
    bare, slices, series = _in_turn(
        lambda: [pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient for path in files],
        lambda: list_slices(folder),
        lambda: list_series(folder),
        repeats=2,
    )
    print(
        f"listing {len(files):,} headers: bare pydicom {1000 * bare / len(files):.2f} ms each; list_slices {slices / bare:.2f} and "
        f"list_series {series / bare:.2f} times that, wanted at most {LISTING:g}"
    )
    return max(slices, series) / bare <= LISTING


def _workers(root: Path) -> None:
    taken = []
    found = [_written(root / f"case-{number}", 512, PLANES // 6, compress=True) for number in range(8)]
    for workers in (1, 2):
        loader = torch.utils.data.DataLoader(_Cases(found), batch_size=None, num_workers=workers)
        runs = []
        for _ in range(3):
            began = time.perf_counter()
            assert sum(len(pixels) for pixels in loader) == len(found)
            runs.append(time.perf_counter() - began)
        taken.append(statistics.median(runs))
    one, two = taken
    print(f"{len(found)} series on {os.cpu_count()} cores: 1 worker {one:.1f} s, 2 workers {two:.1f} s, {one / two:.2f} times as fast")


class _Cases(torch.utils.data.Dataset[torch.Tensor]):
    """A folder with one series per case."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, index: int) -> torch.Tensor:
        torch.set_num_threads(1)
        return window(read_series(self._folders[index]), LOW, HIGH).pixels


def _in_turn(*work: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """The least CPU seconds of each, run in turn: whatever a run takes beyond is what else the machine does."""
    taken: list[list[float]] = [[] for _ in work]
    for number in range(repeats + 1):
        for item, runs in zip(work, taken, strict=True):
            began = time.process_time()
            item()
            if number:
                runs.append(time.process_time() - began)
    return [min(runs) for runs in taken]


def _written(folder: Path, size: int, planes: int, compress: bool = False) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(size), np.arange(size)) % 900
    for number in range(planes):
        data = _header(size, number)
        data.PixelData = (smooth + rng.integers(0, 40, (size, size))).astype(np.int16).tobytes()
        if compress:
            data.compress(JPEG2000Lossless, generate_instance_uid=False)
        data.save_as(folder / f"{number:04d}", enforce_file_format=True)
    return folder


def _copied(folder: Path, count: int) -> Path:
    """Files that differ in their position, which is text of one length."""
    (place,) = _written(folder, 64, 1).iterdir()
    content = place.read_bytes()
    place.unlink()
    for number in range(count):
        (folder / f"{number:05d}").write_bytes(content.replace(b"\\10000.0", f"\\{10000 + 2 * number}.0".encode()))
    return folder


def _header(size: int, number: int) -> FileDataset:
    """A header as long as that of a scanner: some 150 elements, of which half are private."""
    data = FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.PatientID, data.PatientName, data.SeriesInstanceUID = "CT", "one", "One", "1.2.3"
    data.StudyInstanceUID, data.FrameOfReferenceUID, data.ImageType = "1.2", "1.4", ["ORIGINAL", "PRIMARY", "AXIAL"]
    for keyword in _TEXTS:
        setattr(data, keyword, {"DA": "20200101", "TM": "101010", "AS": "070Y"}.get(pydicom.datadict.dictionary_VR(keyword), "1"))
    block = data.private_block(0x0043, "MEDAI BENCHMARK", create=True)
    for element in range(75):
        block.add_new(element, "LO", f"value {element}")
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-D3000", "SRT", "Chest"
    data.AnatomicRegionSequence = Items([item])
    data.Rows = data.Columns = size
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept, data.PixelSpacing, data.SliceThickness = "1", "-1024", ["0.7", "0.7"], "2"
    data.ImageOrientationPatient, data.ImagePositionPatient = (
        ["1", "0", "0", "0", "1", "0"],
        ["-170.5", "-160.5", f"{10000 + 2 * number}.0"],
    )
    return data


_TEXTS = (
    *("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"),
    *("AccessionNumber", "Manufacturer", "InstitutionName", "StudyDescription", "SeriesDescription", "ManufacturerModelName"),
    *("PatientBirthDate", "PatientSex", "PatientAge", "PatientWeight", "BodyPartExamined", "ScanOptions", "KVP", "SoftwareVersions"),
    *("DataCollectionDiameter", "ProtocolName", "ReconstructionDiameter", "DistanceSourceToDetector", "DistanceSourceToPatient"),
    *("GantryDetectorTilt", "TableHeight", "RotationDirection", "ExposureTime", "XRayTubeCurrent", "Exposure", "FilterType"),
    *("GeneratorPower", "FocalSpots", "ConvolutionKernel", "PatientPosition", "StudyID", "SeriesNumber", "AcquisitionNumber"),
    *("InstanceNumber", "PositionReferenceIndicator", "SliceLocation", "WindowCenter", "WindowWidth"),
)


if __name__ == "__main__":
    sys.exit(main())
