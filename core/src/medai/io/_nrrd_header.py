"""The header of a NRRD file: its fields, and where it says that its axes lie.

Format: teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._grids import Affine, affine_of, millimetres, reversed_axes, spacing_of
from medai.tasks import Origin

LARGEST = 1 << 24
"""Bytes that a header may have: segments are described in its key/value pairs."""

_ALIASES = {"datafile": "data file", "byteskip": "byte skip", "lineskip": "line skip"}
# Patient axes, with the signs that make them those of `Origin`; other spaces (a scanner's) say nothing of the patient.
_SPACES = {
    **dict.fromkeys(("right-anterior-superior", "ras"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("left-anterior-superior", "las"), (-1.0, 1.0, 1.0)),
    **dict.fromkeys(("left-posterior-superior", "lps"), (-1.0, -1.0, 1.0)),
}
_LENGTHS = {"": 1.0, "mm": 1.0, "millimeter": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3, "cm": 10.0, "m": 1e3}
_OF_SPACE = ("domain", "space", "none", "???")


@dataclass(frozen=True)
class Header:
    """A header as text.

    Attributes:
        path: the file.
        fields: by their names in lower case.
        pairs: the keys and values that the format leaves to its users.
        end: the byte behind the empty line that ends the header.
    """

    path: Path
    fields: dict[str, str]
    pairs: dict[str, str]
    end: int

    def get(self, name: str, default: str = "") -> str:
        """A field, or the default where it is absent."""
        return self.fields.get(name, default)

    def need(self, name: str) -> str:
        """A field that must be there.

        Raises:
            DataError: it is not.
        """
        if name not in self.fields:
            raise DataError(f"its header has no field {name!r}, or is truncated", self.path)
        return self.fields[name]

    def whole(self, name: str, default: str = "") -> int:
        """A field that is a whole number.

        Raises:
            DataError: it is not.
        """
        text = self.get(name, default)
        if not re.fullmatch(r"[-+]?\d{1,18}", text, re.ASCII):
            raise DataError(f"its {name} is no whole number", self.path)
        return int(text)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The size of each axis, the fastest first."""
        dimension, words = self.whole("dimension"), self.need("sizes").split()
        if len(words) != dimension or not all(re.fullmatch(r"\d{1,18}", word, re.ASCII) for word in words):
            raise DataError(f"its sizes are not {dimension} whole numbers", self.path)
        sizes = tuple(map(int, words))
        check_size(sizes, self.path)
        return sizes

    @cached_property
    def directions(self) -> list[Affine | None]:
        """The step of each axis in space, None for an axis that has none; empty where the header does not say."""
        words = re.findall(r"none|\([^()]*\)", self.get("space directions").lower())
        return [None if word == "none" else self._vector(word) for word in words]

    @cached_property
    def channels(self) -> int | None:
        """The axis that is not one of space, if there is one."""
        count, kinds, directions = len(self.sizes), self.get("kinds").lower().split(), self.directions
        if "time" in kinds:
            raise DataError("a series of volumes in time: give one of them", self.path)
        if directions:
            others = [axis for axis, step in enumerate(directions) if step is None]
        else:
            others = [axis for axis, kind in enumerate(kinds) if kind not in _OF_SPACE]
        if len(others) > 1 or any(axis >= count for axis in others):
            raise DataError(f"{len(others)} axes that are not of space; one, of channels, is read", self.path)
        return others[0] if others else None

    def origin(self, axes: list[int]) -> Origin:
        """Where an image of these axes (the fastest first) lies."""
        directions = self.directions
        if not directions:
            return Origin((self.path,), None, self._spacings(axes))
        steps = [step for axis, step in enumerate(directions) if axis in axes and step is not None]
        # Of a plane kept as a volume of one slice, the step to the next slice.
        steps += [step for axis, step in enumerate(directions) if axis not in axes and step is not None]
        if len(steps) not in (2, 3) or len(steps) < len(axes) or len({len(step) for step in steps}) != 1:
            raise DataError("its space directions do not fit its axes", self.path)
        scales = self._scales(len(steps[0]))
        matrix = np.stack(steps, axis=1) * scales[:, None]
        signs = _SPACES.get(self.get("space").lower())
        if signs is None or len(scales) != 3:
            lengths = np.linalg.norm(matrix[:, : len(axes)], axis=0)
            return Origin((self.path,), None, millimetres(lengths[::-1], self.path))
        corner = self._vector(self.get("space origin", "(0,0,0)"))
        if corner.shape != (3,):
            raise DataError("its space origin is not three numbers", self.path)
        flip = np.array(signs)
        affine = affine_of(matrix * flip[:, None], corner * scales * flip, self.path)
        affine = reversed_axes(affine, len(axes))
        return Origin((self.path,), affine, spacing_of(affine, len(axes)))

    def _vector(self, text: str) -> Affine:
        try:
            return np.array([float(word) for word in text.strip("() ").split(",")])
        except ValueError:
            raise DataError("its place in space is not made of numbers", self.path) from None

    def _spacings(self, axes: list[int]) -> tuple[float, ...]:
        words = self.get("spacings").split()
        if not words:
            return ()
        try:
            steps = np.array([float(words[axis]) for axis in axes])
        except (ValueError, IndexError):
            raise DataError("its spacings are not a number for each axis", self.path) from None
        # Axes of which nothing is known have a spacing of nan.
        return () if np.isnan(steps).any() else millimetres(steps[::-1], self.path)

    def _scales(self, count: int) -> Affine:
        """Millimetres for one unit along each axis of space."""
        words = re.findall(r'"([^"]*)"', self.get("space units"))
        scales = [_LENGTHS.get(word.strip().lower()) for word in words] or [1.0] * count
        if None in scales or len(scales) != count:
            raise DataError(f"its space units {', '.join(words)[:60]} are not lengths that are known", self.path)
        return np.array(scales, dtype=np.float64)


def header_of(path: Path) -> Header:
    """The header of a file.

    Raises:
        DataError: the file is not NRRD.
    """
    fields, pairs = dict[str, str](), dict[str, str]()
    with path.open("rb") as file:
        if not re.fullmatch(rb"NRRD\d{4}\s*", file.readline(64)):
            raise DataError("not NRRD, or truncated in its header", path)
        while line := file.readline(LARGEST):
            text = line.decode("utf-8", errors="replace").strip()
            if not text or file.tell() > LARGEST:
                break
            if found := re.match(r"([^:#]+):(=?)(.*)", text):
                name, value = found[1].strip(), found[3].strip()
                if found[2]:
                    pairs[name] = value
                else:
                    fields[_ALIASES.get(name.lower(), name.lower())] = value
        return Header(path, fields, pairs, file.tell())
