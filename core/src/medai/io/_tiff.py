"""TIFF: a page as a plane, pages of one kind as a volume."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import TiffImagePlugin, TiffTags

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._files import Array, ImageFile, ImageHeader, note_of, unit_in
from medai.io._pictures import COLOUR, GREY, channels_of, require_mode, values_of
from medai.io._stored import require_room
from medai.tasks import Image, Origin

# Width, length, bits, compression, photometric interpretation, description, orientation, sample format (TIFF 6.0, sections 8 and 19).
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _DESCRIPTION, _ORIENTATION, _FORMAT = 256, 257, 258, 259, 262, 270, 274, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1
_PACKINGS = {1: "none", 5: "LZW", 8: "deflate", 32946: "deflate", 32773: "PackBits"}
_MOST_PAGES = 100_000
_TURNED = range(5, 9)


def open_tiff(path: Path) -> ImageFile:
    """A page (C, H, W), several (C, pages, H, W); unsigned integers of up to 16 bits and colours in 0..1, other numbers as stored."""
    with _opened(path) as file:
        pages = getattr(file, "n_frames", 1)
        kind = _kind(file, path)
        if pages > _MOST_PAGES:
            raise DataError(f"{pages:,} pages", path)
        note = str(file.tag_v2.get(_DESCRIPTION, ""))
    channels, height, width, stored = kind
    shape = (channels, *((pages,) if pages > 1 else ()), height, width)
    check_size(shape, path)
    require_room(math.prod(shape) // 8, path.stat().st_size, "picture", path)
    unit = unit_in(note) if stored else "0..1"

    def pixels() -> Array:
        with _opened(path) as file:
            planes = [_page(file, number, kind, path) for number in range(pages)]
        return planes[0] if pages == 1 else np.stack(planes, axis=1)

    return ImageFile(ImageHeader(shape, unit, Origin((path,))), pixels)


def write_tiff(path: Path, image: Image) -> None:
    """Write an image of one channel, float32, packed by deflate, a page for each plane, its unit in the description."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[_DESCRIPTION] = note_of(image.unit)
    array = image.pixels[0].detach().cpu().numpy().astype(np.float32)
    first, *others = (Picture.fromarray(plane) for plane in array.reshape(-1, *array.shape[-2:]))
    first.save(path, format="TIFF", save_all=True, append_images=others, compression="tiff_adobe_deflate", tiffinfo=tags)


@contextmanager
def _opened(path: Path) -> Iterator[TiffImagePlugin.TiffImageFile]:
    # Given a name, pillow maps an unpacked file with rows and columns exchanged where its orientation lays them so.
    with path.open("rb") as content, Picture.open(content, formats=("TIFF",)) as file:
        if not isinstance(file, TiffImagePlugin.TiffImageFile):
            raise DataError("not TIFF", path)
        yield file


def _kind(file: TiffImagePlugin.TiffImageFile, path: Path) -> tuple[int, int, int, bool]:
    """Of the current page: channels, rows, columns as it is shown, and whether its values are taken as stored."""
    packing = file.tag_v2.get(_COMPRESSION, 1)
    if packing not in _PACKINGS:
        name = TiffTags.TAGS_V2[_COMPRESSION].enum
        known = next((word for word, number in name.items() if number == packing), packing)
        raise DataError(f"packed by {known}, which is not read: save it unpacked, or by LZW or deflate", path)
    require_mode(file.mode, (*GREY, *COLOUR, "I", "F"), path)
    width, height = int(file.tag_v2[_WIDTH]), int(file.tag_v2[_LENGTH])
    if file.tag_v2.get(_ORIENTATION, 1) in _TURNED:
        width, height = height, width
    return channels_of(file.mode), height, width, file.mode in ("I", "F")


def _page(file: TiffImagePlugin.TiffImageFile, number: int, kind: tuple[int, int, int, bool], path: Path) -> Array:
    file.seek(number)
    if _kind(file, path) != kind:
        raise DataError(f"page {number + 1} has another size or type than the first, so they are no volume", path)
    tags = dict(file.tag_v2)
    if file.mode in ("I", "F"):
        values = np.asarray(file)[None]
        if values.dtype.kind == "i" and tags.get(_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED:
            values = values.view(np.uint32)
    else:
        values = values_of(file)
        if file.mode.startswith("I;16"):
            values = values * np.float32(65535 / (2 ** int(tags[_BITS][0]) - 1))
            # Pillow turns round what is white at zero up to 8 bits, and not beyond.
            values = 1 - values if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else values
    # Pillow has laid it upright, as its orientation says.
    if values.shape[1:] != kind[1:3]:
        raise DataError("its size is not the one in its header", path)
    return values
