"""DICOM files of every transfer syntax, and of several frames, made for tests."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image as Picture
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

# 16 x 24, 12 bits: (row * column * 7) % 4000, encoded by OpenJPH 0.26.3, for no package that is a requirement encodes it.
HTJ2K = base64.b64decode(
    "/0//UQApQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwAB"
    "T3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAALoAAf+TwAAm6/0FB3QAwAATAEj8Aod0AMAAEsAAE8AAEoDjAAd0ACPAhgDCNADHAId0AMAAE0AAFTAABKBG/oIPdAD+"
    "RvwAGEBv1gAigY90AMAAFVAABXQAAVKAj1/x0Ej4IlYAAJ9fD7+h4CDOMIGcuAAAABjAIhdT5gDAACugABbEAAJQaktuhYn48/KejpHz2ABqS26FSejVW9j8/xAYgPfs"
    "QgPecMTOXgD8/0hUAP/Z"
)
SMOOTH = (np.multiply.outer(np.arange(16), np.arange(24)) * 7 % 4000).astype(np.uint16)

_NATIVE = (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


def encoded(path: Path, syntax: UID) -> Path:
    """An uncompressed file, rewritten in a transfer syntax by whichever package encodes it."""
    data = pydicom.dcmread(path)
    if syntax in _NATIVE:
        if syntax == ExplicitVRBigEndian:
            data.PixelData = data.pixel_array.astype(data.pixel_array.dtype.newbyteorder(">")).tobytes()
        data.file_meta.TransferSyntaxUID = syntax
        little = syntax != ExplicitVRBigEndian
        pydicom.dcmwrite(path, data, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=little, force_encoding=not little)
    elif "High-Throughput" in syntax.name:
        with_frames(data, path, [HTJ2K], syntax)
    elif "Baseline" in syntax.name:
        stream = io.BytesIO()
        Picture.fromarray(data.pixel_array).save(stream, "JPEG", quality=95)
        with_frames(data, path, [stream.getvalue()], syntax)
    elif "JPEG Lossless" in syntax.name or "Extended" in syntax.name:
        _by_gdcm(path, syntax)
    else:
        data.compress(syntax, generate_instance_uid=False)
        data.save_as(path)
    return path


def with_frames(data: Dataset, path: Path, frames: Sequence[bytes], syntax: UID) -> Path:
    """A file of frames that are encoded already."""
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate(list(frames))
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    return path


def _by_gdcm(path: Path, syntax: UID) -> None:
    import gdcm

    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def enhanced(path: Path, frames: Sequence[dict[str, Any]], **shared: Any) -> Path:
    """A file of one plane made an enhanced one: each of `frames` has `pixels` and elements of its functional groups."""
    data = pydicom.dcmread(path)
    for keyword in [keyword for sequence in _GROUPS.values() for keyword in sequence]:
        if keyword in data:
            delattr(data, keyword)
    data.NumberOfFrames = len(frames)
    data.PixelData = np.stack([frame["pixels"] for frame in frames]).tobytes()
    data.SharedFunctionalGroupsSequence = [_groups(shared)]
    data.PerFrameFunctionalGroupsSequence = [_groups({key: frame[key] for key in frame if key != "pixels"}) for frame in frames]
    data.save_as(path)
    return path


_GROUPS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameContentSequence": ("StackID", "TemporalPositionIndex"),
    "MREchoSequence": ("EffectiveEchoTime",),
}


def _groups(elements: dict[str, Any]) -> Dataset:
    groups = Dataset()
    for sequence, keywords in _GROUPS.items():
        item = Dataset()
        for keyword in keywords:
            if keyword in elements:
                setattr(item, keyword, elements[keyword])
        if len(item):
            setattr(groups, sequence, [item])
    return groups
