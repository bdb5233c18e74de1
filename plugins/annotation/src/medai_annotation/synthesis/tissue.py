"""Ultrasound-like pictures: layered tissue under speckle, with cysts, solid lesions and calcifications that cast a shadow.

They are pictures for testing and for showing how a method behaves; nothing clinical can be learnt from them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.special import expit

from medai_annotation.synthesis.layers import Floats

_RANGE = 58.0
"""Decibels from black to white."""
_FINDINGS = ("cyst", "cyst", "solid", "solid", "calcification")


@dataclass(frozen=True)
class Probe:
    """What a subject was scanned with.

    Attributes:
        angle: half the fan's opening in radians; 0 for a linear probe, whose picture is a rectangle.
        gain: decibels added.
        layers: depths at which fat, gland and muscle begin, as parts of the picture's height.
        wavelength: pixels by which speckle is as long as a pulse.
    """

    angle: float
    gain: float
    layers: tuple[float, float, float]
    wavelength: float


def probe(rng: np.random.Generator) -> Probe:
    """A subject's own: three of five are linear."""
    angle = 0.0 if rng.random() < 0.6 else rng.uniform(0.45, 0.75)
    return Probe(angle, rng.uniform(-6, 6), (rng.uniform(0.03, 0.06), rng.uniform(0.15, 0.3), rng.uniform(0.6, 0.8)), rng.uniform(0.6, 1.1))


def draw(by: Probe, size: int, rng: np.random.Generator) -> Floats:
    """A picture (size, size) in 0..1 in 256 grey levels, black outside the fan of a curved probe; the same for the same generator."""
    echo = _layers(by, size, rng)
    for _ in range(int(rng.integers(1, 4))):
        echo += _finding(size, rng)
    echo = gaussian_filter(echo, size / 220) + _speckle(size, by.wavelength * size / 256, rng)
    shown = np.clip(1 + (echo + by.gain - 11) / _RANGE, 0, 1)
    return np.asarray(np.round(255 * (_fan(shown, by.angle) if by.angle else shown)) / 255, dtype=np.float32)


def _layers(by: Probe, size: int, rng: np.random.Generator) -> Floats:
    """Decibels: skin, fat, gland, muscle, with bright bent lines between them, strands, clouds, and the loss of depth."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32) / size
    level = np.full((size, size), -9.0, np.float32)
    for depth, value in zip(by.layers, (-28.0, -19.0, -26.0), strict=True):
        wave = 0.025 * np.sin(2 * math.pi * (columns * rng.uniform(0.4, 1.4) + rng.uniform()))
        below = rows - depth - wave * (depth > by.layers[0])
        level = np.where(below > 0, np.float32(value + rng.normal(0, 1.5)), level)
        level += 11 * np.exp(-((below / 0.008) ** 2)) * (rng.random() < 0.8)
    cloud = gaussian_filter(rng.standard_normal((size, size)).astype(np.float32), (size / 36, size / 14))
    strands = gaussian_filter(rng.standard_normal((size, size)).astype(np.float32), (size / 140, size / 9))
    level += 4 * cloud / cloud.std() + 8 * np.maximum(0, strands / strands.std() - 1.1)
    return np.asarray(level - rng.uniform(3, 10) * rows, dtype=np.float32)


def _finding(size: int, rng: np.random.Generator) -> Floats:
    """What a cyst, a solid lesion or a calcification adds to the echo, in decibels: itself, its rim, and what lies behind it."""
    kind = _FINDINGS[rng.integers(len(_FINDINGS))]
    wide = rng.uniform(0.05, 0.16) if kind != "calcification" else rng.uniform(0.01, 0.03)
    high = wide * rng.uniform(0.5, 1.1)
    tilt, row, column = rng.normal(0, 0.3), rng.uniform(0.2, 0.75), rng.uniform(0.12, 0.88)
    rows, columns = np.mgrid[:size, :size].astype(np.float32) / size
    down, right = rows - row, columns - column
    along, across = right * math.cos(tilt) + down * math.sin(tilt), down * math.cos(tilt) - right * math.sin(tilt)
    bends = 0.0 if kind == "cyst" else rng.uniform(0.03, 0.12)
    angle = np.arctan2(across, along)
    edge = 1 + bends * np.cos(int(rng.integers(3, 7)) * angle + rng.uniform(0, 6))
    reach = np.hypot(along / wide, across / high) / edge
    behind = np.exp(-((1.3 * right / wide) ** 2)) * expit(40 * (down - 0.7 * high))
    inside, rim, shade = {"cyst": (-32, 7, 6), "solid": (-13, 2, rng.uniform(-9, 3)), "calcification": (22, 0, -18)}[kind]
    body = inside * expit((1 - reach) * (18 if kind == "cyst" else 9))
    return np.asarray(body + rim * np.exp(-(((reach - 1.07) / 0.08) ** 2)) + shade * behind * (reach > 1), dtype=np.float32)


def _speckle(size: int, wavelength: float, rng: np.random.Generator) -> Floats:
    """Decibels of fully developed speckle: many scatterers under a pulse that is short along the beam and wider across it."""
    field = rng.standard_normal((2, size, size)).astype(np.float32)
    power = sum(gaussian_filter(part, (wavelength, 1.9 * wavelength)) ** 2 for part in field)
    return np.asarray(10 * np.log10(power / np.mean(power) + 1e-3), dtype=np.float32)


def _fan(beams: Floats, angle: float) -> Floats:
    """Beams (columns) laid out as a curved probe sends them, the apex above the picture."""
    size = len(beams)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    # As wide as the picture at its lower edge.
    bottom = size / (2 * math.sin(angle))
    top = 0.28 * bottom
    down = rows * (bottom - top * math.cos(angle)) / size + top * math.cos(angle)
    right = columns - (size - 1) / 2
    radius, turned = np.hypot(down, right), np.arctan2(right, down)
    depth = (radius - top) / (bottom - top) * (size - 1)
    beam = (turned / angle + 1) / 2 * (size - 1)
    return np.asarray(map_coordinates(beams, [depth, beam], order=1, cval=0.0), dtype=np.float32)
