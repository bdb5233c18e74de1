"""Icons of a user's own: a folder of PNG files, cut from images or drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import UnidentifiedImageError

from medai.errors import DataError
from medai.io import require_folder
from medai_annotation.synthesis.layers import box_of

LONGEST = 512
"""Pixels along the longer side that are kept; no marker is drawn larger."""
_LARGEST_FILE = 64_000_000
_VISIBLE = 8


def read_icons(folder: Path) -> tuple[Picture.Image, ...]:
    """The folder's PNG files in order of name, RGBA, cut to what is visible and at most 512 pixels along a side.

    A file with an alpha channel, or a palette with a transparent colour, is drawn as it is. Of a grey file without one, black is taken
    for transparent and white for drawn, and a colour file is drawn where it is not black.

    Raises:
        DataError: the folder is missing or holds no PNG, or a file is no picture, too large, or has nothing visible.
    """
    folder = require_folder(folder, "folder of icons")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png" and not path.name.startswith("."))
    if not paths:
        raise DataError("holds no icon: PNG files are wanted", folder)
    return tuple(map(_read, paths))


def _read(path: Path) -> Picture.Image:
    try:
        with Picture.open(path, formats=("PNG",)) as file:
            if file.width * file.height > _LARGEST_FILE:
                raise DataError(f"{file.width} x {file.height} pixels are no icon", path)
            icon = _with_alpha(file)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise DataError(f"cannot be read as an icon: {error}", path) from error
    box = box_of(np.asarray(icon.getchannel("A")) >= _VISIBLE)
    if box is None:
        raise DataError("nothing of it is visible: alpha, or where there is none its grey, is 0", path)
    icon = icon.crop(box)
    icon.thumbnail((LONGEST, LONGEST))
    return icon


def _with_alpha(file: Picture.Image) -> Picture.Image:
    if file.mode in ("LA", "RGBA", "PA") or "transparency" in file.info:
        return file.convert("RGBA")
    if file.mode.startswith("I"):
        wide = np.asarray(file, dtype=np.float64) / 65535 * 255
        file = Picture.fromarray(wide.clip(0, 255).astype(np.uint8))
    colours = file.convert("RGB")
    brightest = np.asarray(colours).max(axis=2)
    if file.mode in ("1", "L"):
        colours = Picture.new("RGB", file.size, "white")
    colours.putalpha(Picture.fromarray(brightest))
    return colours
