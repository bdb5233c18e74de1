"""What a sample was given, as a file without its reference, as a user has it for `medai predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medai.io import write_csv, write_image, write_text
from medai.tasks import Image, Row, Sequence

_GREY, _COLOURED = 1, 3


def file_of(inputs: Any, folder: Path) -> Path | None:
    """The file; None of inputs that medai's own readers have no file for.

    Args:
        inputs: an image, a row or a sequence.
        folder: where it is written.
    """
    match inputs:
        case Image() if inputs.pixels.shape[0] == _GREY:
            return write_image(folder / "input.npy", Image(inputs.pixels, inputs.unit))
        case Image() if inputs.pixels.shape[0] == _COLOURED and inputs.pixels.ndim == _COLOURED and inputs.unit == "0..1":
            return write_image(folder / "input.png", Image(inputs.pixels, inputs.unit))
        case Row():
            write_csv(folder / "input.csv", inputs.names, [dict(zip(inputs.names, inputs.values.tolist(), strict=True))])
            return folder / "input.csv"
        case Sequence():
            write_text(folder / "input.fasta", f">input\n{inputs.letters}\n")
            return folder / "input.fasta"
    return None
