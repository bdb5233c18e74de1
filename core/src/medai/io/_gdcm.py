"""JPEG Extended of 12 bits by GDCM, as a plugin of pydicom's decoders (which look for the two names here)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

DECODER_DEPENDENCIES = {"1.2.840.10008.1.2.4.51": ("python-gdcm>=3.0.24",)}


def is_available(uid: str) -> bool:
    """Whether GDCM is installed."""
    return find_spec("gdcm") is not None


def decode_extended(source: bytes, runner: Any) -> bytes:
    """One grey frame, in values of 16 bits."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(source)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    # The precision must be the stream's own, or GDCM takes the decoder of 8 bits.
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, runner.pixel_representation))
    # GDCM gives bytes as text.
    return bytes(image.GetBuffer().encode("utf-8", "surrogateescape"))
