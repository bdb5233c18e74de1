"""A slice being drawn, in millimetres and HU, at twice the resolution that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import fft, ndimage

Floats = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_FINER = 2


@dataclass(frozen=True)
class Shape:
    """Pixels of a canvas: a window of it and a mask of that window's size."""

    window: tuple[slice, slice]
    mask: Mask

    def within(self, allowed: Mask) -> Shape:
        """What of it lies in a mask of the whole canvas."""
        return Shape(self.window, self.mask & allowed[self.window])

    def without(self, forbidden: Mask) -> Shape:
        """What of it lies outside a mask of the whole canvas."""
        return Shape(self.window, self.mask & ~forbidden[self.window])


class Canvas:
    """Millimetres from the middle, x to the patient's left (right in the picture), y to the back (down)."""

    def __init__(self, size: int, field_of_view: float, rng: np.random.Generator) -> None:
        self.step = field_of_view / (size * _FINER)
        self._size = size * _FINER
        axis = ((np.arange(self._size) - (self._size - 1) / 2) * self.step).astype(np.float32)
        self.x, self.y = axis[None, :], axis[:, None]
        self.hu: Floats = np.full((self._size, self._size), -1000, dtype=np.float32)
        self._rng = rng
        self._spectrum: tuple[np.ndarray[Any, Any], Floats] | None = None
        self._fields: dict[tuple[object, ...], Floats] = {}

    def oval(
        self, x: float, y: float, rx: float, ry: float, *, tilt: float = 0.0, wobble: float = 0.0, power: float = 2.0
    ) -> Shape:  # fmt: skip
        """An ellipse (a squarer one with a higher power), its outline uneven by `wobble` of its radius."""
        reach = max(rx, ry) * (1 + 2 * wobble) + 2 * self.step
        window = self._window(y, reach), self._window(x, reach)
        dx, dy = self.x[:, window[1]] - x, self.y[window[0]] - y
        u = (dx * np.cos(tilt) + dy * np.sin(tilt)) / rx
        v = (dy * np.cos(tilt) - dx * np.sin(tilt)) / ry
        radius = (np.abs(u) ** power + np.abs(v) ** power) ** (1 / power)
        if wobble:
            angle = np.arctan2(v, u)
            for waves in (2, 3, 5):
                radius = radius * (1 + wobble * self._rng.uniform(0.3, 1) / waves * np.cos(waves * angle + self._rng.uniform(0, 2 * np.pi)))
        return Shape(window, radius < 1)

    def whole(self, mask: Mask) -> Shape:
        """A mask of the whole canvas as a shape."""
        return Shape((slice(None), slice(None)), mask)

    def mask_of(self, shape: Shape) -> Mask:
        """A shape as a mask of the whole canvas."""
        mask = np.zeros(self.hu.shape, dtype=bool)
        mask[shape.window] = shape.mask
        return mask

    def paint(self, shape: Shape, hu: float) -> None:
        """Fill a shape with one value."""
        self.hu[shape.window][shape.mask] = hu

    def add(self, shape: Shape, hu: Floats | float) -> None:
        """Add to a shape's values; an array is of the whole canvas."""
        self.hu[shape.window][shape.mask] += hu[shape.window][shape.mask] if isinstance(hu, np.ndarray) else hu

    def noise(self, grain: float) -> Floats:
        """Smooth noise over the whole canvas, of standard deviation 1 and grains of about so many millimetres."""
        return self._field(("grain", grain), lambda frequency: np.exp(-2 * (np.pi * grain * frequency) ** 2))

    def cloud(self, largest: float, slope: float = 1.5) -> Floats:
        """Noise of many scales at once, of deviation 1: its amplitude falls as frequency to the `slope` from the largest grain on."""
        return self._field(("cloud", largest, slope), lambda frequency: (1 + (largest * frequency) ** 2) ** (-slope / 2))

    def threads(self, apart: float, width: float) -> Floats:
        """Curved threads, 1 on them and 0 off them, about so many millimetres apart and wide, here and there broken."""
        hills = self.noise(apart / 2)
        down, right = np.gradient(hills, np.float32(self.step))
        # Where hills cross zero: what they are divided by their slope is the distance from there.
        distance = hills / (np.hypot(down, right) + np.float32(0.3 / apart))
        return np.asarray(np.exp(-((distance * (2 / width)) ** 2)) * (self.noise(apart) > -0.3), dtype=np.float32)

    def shrunk(self, mask: Mask, millimetres: float) -> Mask:
        """A mask less a rim."""
        return np.asarray(self.depth(mask) > millimetres)

    def depth(self, mask: Mask) -> Floats:
        """Millimetres to the mask's edge, inside it."""
        return np.asarray(ndimage.distance_transform_edt(mask) * self.step, dtype=np.float32)

    def develop(self, blur: float) -> Floats:
        """The picture at its own size, blurred by a Gaussian of so many millimetres (the scanner's resolution)."""
        blurred = ndimage.gaussian_filter(self.hu, blur / self.step)
        half = self._size // _FINER
        return np.asarray(blurred.reshape(half, _FINER, half, _FINER).mean((1, 3)), dtype=np.float32)

    def _field(self, key: tuple[object, ...], amplitude: Callable[[Floats], Floats]) -> Floats:
        """Noise with a spectrum. It is made once per spectrum; asked for again it is the same, shifted at random around the edges."""
        if self._spectrum is None:
            white = self._rng.standard_normal((self._size, self._size), dtype=np.float32)
            self._spectrum = fft.rfft2(white), np.hypot(fft.fftfreq(self._size, self.step)[:, None], fft.rfftfreq(self._size, self.step))
        if key not in self._fields:
            spectrum, frequency = self._spectrum
            made = fft.irfft2(spectrum * amplitude(frequency.astype(np.float32)).astype(np.float32), s=(self._size, self._size))
            self._fields[key] = (made - made.mean()) / made.std()
        return np.roll(self._fields[key], self._rng.integers(self._size, size=2), (0, 1))

    def _window(self, middle: float, reach: float) -> slice:
        at = middle / self.step + (self._size - 1) / 2
        return slice(max(0, int(at - reach / self.step)), max(0, int(at + reach / self.step) + 2))
