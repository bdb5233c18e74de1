"""Small generated pictures in the layouts that are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from medai.io import write_csv
from medai_annotation.synthesis.layers import laid
from medai_annotation.synthesis.radial_line import RadialLine
from medai_annotation.synthesis.tissue import draw, probe

SIDE = 96
_ROWS = 80
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def grey(seed: int, number: int) -> Bytes:
    """A picture (80, 96) in grey."""
    rng = np.random.default_rng([seed, number])
    return np.asarray(np.round(255 * draw(probe(rng), SIDE, rng)[:_ROWS]), dtype=np.uint8)


def write_pictures(root: Path, n: int, seed: int) -> None:
    """`n` pictures, two to a folder: grey PNG of 8 bits, of 16 bits, RGB PNG and JPEG in turn."""
    for number in range(n):
        folder = Path(root) / f"patient-{number // 2:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels, stem = grey(seed, number), folder / f"image-{number:02d}"
        match number % 4:
            case 0:
                Picture.fromarray(pixels).save(stem.with_suffix(".png"))
            case 1:
                Picture.fromarray(pixels.astype(np.uint16) * 257).save(stem.with_suffix(".png"))
            case 2:
                Picture.fromarray(np.stack([pixels] * 3, axis=-1)).save(stem.with_suffix(".png"))
            case _:
                Picture.fromarray(pixels).save(stem.with_suffix(".jpg"), quality=95)


def write_busi(root: Path, n: int, seed: int) -> None:
    """BUSI's folders with `n` clean images and two with calipers, and an index that says which."""
    kinds, rows = ("benign", "malignant", "normal"), []
    for number in range(n + 2):
        kind = kinds[number % 3]
        name = f"{kind}/{kind} ({number // 3 + 1}).png"
        pixels = grey(seed, number)
        marked = number in (1, 3)
        if marked:
            pixels = annotated(pixels, np.random.default_rng([seed, number, 1]))
        path = Path(root) / "Dataset_BUSI_with_GT" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(pixels).save(path)
        rows.append((name, "0", "4" if marked else "0", name))
    columns = ("image", "has_colour", "plus_calipers_n", "group")
    write_csv(Path(root) / "index.csv", columns, (dict(zip(columns, row, strict=True)) for row in rows))


def write_pairs(root: Path, n: int, seed: int) -> None:
    """`n` pairs of an annotated and a clean image of the same frame, shifted against one another, and a table of them."""
    rows = []
    Path(root).mkdir(parents=True, exist_ok=True)
    for number in range(n):
        rng = np.random.default_rng([seed, number, 2])
        pixels = grey(seed, number)
        dy, dx = (int(shift) for shift in rng.integers(-4, 5, 2))
        clean = np.roll(pixels, (dy, dx), (0, 1))
        names = f"annotated-{number:02d}.png", f"clean-{number:02d}.png"
        for name, each in zip(names, (annotated(pixels, rng), clean), strict=True):
            Picture.fromarray(each).save(Path(root) / name)
        rows.append((*names, str(dy), str(dx), "radial-line", f"{number // 2}"))
    columns = ("annotated", "clean", "dy", "dx", "annotation", "group")
    write_csv(Path(root) / "pairs.csv", columns, (dict(zip(columns, row, strict=True)) for row in rows))


def annotated(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """A grey picture with radial lines of one grey."""
    image = np.repeat(pixels[None].astype(np.float32) / np.float32(255), 3, axis=0)
    drawn = laid(image, RadialLine(greys=(0.95, 1.0)).draw(image, rng))
    return np.asarray(np.round(255 * drawn.max(axis=0)), dtype=np.uint8)
