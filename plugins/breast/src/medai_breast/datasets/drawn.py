"""Small drawn images with masks, in the layouts of BUSI and of BUS."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from openpyxl import Workbook
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter

from medai.io import write_bytes
from medai_breast.datasets.annotated import CLASSES, NORMAL

_HEIGHT, _WIDTH = 96, 128
_SPREAD = 26.0
_LEVEL = 110.0
_DARK = 0.35
Array = np.ndarray[Any, Any]


def write_busi(root: Path, n: int, seed: int) -> None:
    """`n` images of the three classes in turn; every second one with a lesion has two, in a mask each."""
    kinds = (*CLASSES, NORMAL)
    for kind in kinds:
        (root / kind).mkdir(parents=True, exist_ok=True)
    for number in range(n):
        kind = kinds[number % 3]
        stem = root / kind / f"{kind} ({number // 3 + 1})"
        image, masks = _draw(np.random.default_rng([seed, number]), 0 if kind == NORMAL else 1 + number // 3 % 2)
        _write(stem.with_name(f"{stem.name}.png"), image)
        for place, mask in enumerate(masks or [np.zeros(image.shape, dtype=bool)]):
            _write(stem.with_name(f"{stem.name}_mask{f'_{place}' if place else ''}.png"), mask)


def write_bus(root: Path, n: int, seed: int) -> None:
    """`n` images of both classes in turn, none of which is BUSI's of the same seed; every third one has two lesions, in one mask."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(("Image", "Type"))
    for number in range(n):
        image, masks = _draw(np.random.default_rng([seed, number, 1]), 1 + (number % 3 == 2))
        _write(root / "original" / f"{number + 1:06d}.png", image)
        _write(root / "GT" / f"{number + 1:06d}.png", np.logical_or.reduce(masks))
        sheet.append((number + 1, CLASSES[number % 2].capitalize()))
    held = io.BytesIO()
    book.save(held)
    write_bytes(root / "DatasetB.xlsx", _timeless(held))


def _draw(rng: np.random.Generator, lesions: int) -> tuple[Array, list[Array]]:
    """Speckle (H, W) uint8 that darkens with depth, and dark ellipses in it, side by side, each with a mask."""
    rows, columns = np.mgrid[:_HEIGHT, :_WIDTH]
    level = _LEVEL * rng.uniform(0.8, 1.2) * (1.2 - 0.7 * rows / _HEIGHT)
    masks = []
    for place in range(lesions):
        middle = _WIDTH * (place + 0.5) / lesions + rng.uniform(-6, 6), _HEIGHT * rng.uniform(0.35, 0.65)
        radii = rng.uniform(12, 20), rng.uniform(9, 16)
        masks.append(((columns - middle[0]) / radii[0]) ** 2 + ((rows - middle[1]) / radii[1]) ** 2 <= 1)
    for mask in masks:
        level = np.where(mask, level * _DARK, level)
    speckle = gaussian_filter(rng.standard_normal((_HEIGHT, _WIDTH)), (0.6, 1.2))
    image = level + _SPREAD * speckle / speckle.std() * np.sqrt(level / _LEVEL)
    return image.clip(0, 255).astype(np.uint8), masks


def _write(path: Path, pixels: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(pixels).save(path)


def _timeless(book: io.BytesIO) -> bytes:
    """An xlsx file without the time at which it was made."""
    result = io.BytesIO()
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2000-01-01T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return result.getvalue()
