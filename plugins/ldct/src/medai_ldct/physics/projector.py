"""A parallel-beam projector and its filtered back-projection, in torch, on any device.

Source: Kak and Slaney, Principles of Computerized Tomographic Imaging, 1988, chapter 3. Both directions are one table look-up per
view, so that a slice of 512 x 512 takes some tenths of a second on one core. Libraries that do the same want CUDA (torch-radon), a
build of their own (ASTRA), or tens of seconds (scikit-image).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch.nn import functional

FINE = 8
"""Steps per detector bin to which a pixel's place on the detector is rounded."""

_TOGETHER = 2**18
"""Pixels, over all views, that are looked up at once: of a small slice one view is so little that calling torch takes longer."""

_WINDOW_END = 1.5
"""Where the Hann window over the ramp would reach zero, in units of the detector's Nyquist frequency. Together with the linear
interpolation of the back-projection, an edge is passed on by half at 0.59 and by a tenth at 0.99 of it: with pixels of 0.7 mm at 4.2
and 7 line pairs per cm, as by the standard kernel of a body scan."""


class ParallelBeam:
    """Views at equal angles over half a turn around one slice.

    Args:
        rows, columns: size of the slice.
        spacing: millimetres between rows and between columns.
        views: number of angles.
        device: where to compute.
    """

    def __init__(
        self, rows: int, columns: int, spacing: tuple[float, float], views: int, device: torch.device | str = "cpu"
    ) -> None:  # fmt: skip
        self.views, self.pitch = views, min(spacing)
        self._area = spacing[0] * spacing[1]
        self._step_y, self._step_x = spacing[0] / self.pitch, spacing[1] / self.pitch
        self._shape = rows, columns
        self._y = (torch.arange(rows, device=device, dtype=torch.float32) - (rows - 1) / 2) * spacing[0]
        self._x = (torch.arange(columns, device=device, dtype=torch.float32) - (columns - 1) / 2) * spacing[1]
        # An odd number, so that the middle bin looks at the middle of the slice; wide enough for its corners at every angle.
        half = math.ceil(math.hypot(rows * spacing[0], columns * spacing[1]) / 2 / self.pitch) + 1
        self.bins = 2 * half + 1
        self._filter = _soft_ramp(self.bins, self.pitch).to(device)

    def project(self, attenuation: torch.Tensor) -> torch.Tensor:
        """Line integrals, without unit, (views, bins), of a slice (rows, columns) in 1/mm. A bin is as wide as a pixel."""
        pixels = attenuation.flatten()
        points = torch.zeros(self.views, self._fine_bins, device=pixels.device)
        for views, places in self._places():
            for found, at in zip(points[views], places, strict=True):
                found.index_add_(0, at, pixels)
        return self._spread(points)[:, ::FINE] * (self._area / self.pitch)

    def reconstruct(self, projections: torch.Tensor) -> torch.Tensor:
        """A slice (rows, columns) in 1/mm by filtered back-projection of (views, bins), with the ramp under a soft window."""
        length = 2 * (self._filter.numel() - 1)
        filtered = torch.fft.irfft(torch.fft.rfft(projections, n=length) * self._filter, n=length)[:, : self.bins]
        fine = functional.interpolate(filtered[:, None], size=self._fine_bins, mode="linear", align_corners=True)[:, 0]
        slice_ = torch.zeros(self._shape[0] * self._shape[1], device=projections.device)
        for views, places in self._places():
            if len(places) == 1:
                slice_ += fine[views.start].index_select(0, places[0])
            else:
                slice_ = _added(slice_, fine[views], places)
            del places  # or the next are made elsewhere in memory, outside the cache
        return slice_.view(self._shape) * (math.pi / self.views)

    def _spread(self, points: torch.Tensor) -> torch.Tensor:
        """Points (views, fine bins) as wide as they are: a square pixel's shadow is a box folded with a box, a bin's aperture a third."""
        length = 2 ** math.ceil(math.log2(self._fine_bins))
        frequency = torch.fft.rfftfreq(length, device=points.device) * FINE  # per bin
        angles = torch.tensor([self._angle(view) for view in range(self.views)], device=points.device)[:, None]
        sides = (self._step_y * angles.sin(), self._step_x * angles.cos())
        shadow = torch.sinc(frequency * sides[0]) * torch.sinc(frequency * sides[1]) * torch.sinc(frequency)
        return torch.fft.irfft(torch.fft.rfft(points, n=length) * shadow, n=length)[:, : self._fine_bins] * FINE

    @property
    def _fine_bins(self) -> int:
        return (self.bins - 1) * FINE + 1

    def _angle(self, view: int) -> float:
        # Half a step off the axes and diagonals, along which whole lines of pixels fall on one place.
        return math.pi * (view + 0.5) / self.views

    def _places(self) -> Iterator[tuple[slice, torch.Tensor]]:
        """Some views at a time, and for each of them the fine bin on which each pixel falls, (views, rows * columns)."""
        step = FINE / self.pitch
        together = max(1, _TOGETHER // (self._shape[0] * self._shape[1]))
        for first in range(0, self.views, together):
            views = range(first, min(first + together, self.views))
            turned = torch.tensor([(math.cos(self._angle(view)) * step, math.sin(self._angle(view)) * step) for view in views])
            across, down = turned.to(self._x.device).T[:, :, None]
            along = self._x * across + ((self._fine_bins - 1) / 2 + 0.5)  # 0.5: truncation then rounds
            yield slice(views.start, views.stop), (along[:, None, :] + (self._y * down)[:, :, None]).to(torch.int32).flatten(1)


def _added(slice_: torch.Tensor, rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """A slice with what it gets from each of several views: all are looked up at once, each counting from where its own row begins."""
    begins = torch.arange(len(places), dtype=torch.int32, device=places.device)[:, None] * rows.shape[1]
    # One after another, so that sums are rounded alike however many are looked up at once.
    for seen in rows.flatten().index_select(0, (places + begins).flatten()).view(places.shape):
        slice_ += seen
    return slice_


def _soft_ramp(bins: int, pitch: float) -> torch.Tensor:
    """The ramp |f| made from its band-limited impulse response (which keeps the mean right), under a Hann window, as a real FFT's half."""
    length = 2 ** math.ceil(math.log2(2 * bins))
    places = torch.fft.fftfreq(length, 1 / length, dtype=torch.float64)
    odd = places.abs() % 2 == 1
    response = torch.zeros(length, dtype=torch.float64)
    response[odd] = -1 / (math.pi * places[odd]) ** 2
    response[0] = 0.25
    window = 0.5 + 0.5 * torch.cos(math.pi / _WINDOW_END * torch.linspace(0, 1, length // 2 + 1, dtype=torch.float64))
    return (torch.fft.rfft(response).real * window / pitch).float()
