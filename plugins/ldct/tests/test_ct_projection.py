"""The projector: lengths in millimetres, and reconstruction of what was projected."""

import math

import pytest
import torch

from medai_ldct.physics import ParallelBeam

WATER = 0.0192


def disc(size: int, spacing: tuple[float, float], radius: float, x: float = 0.0, y: float = 0.0) -> torch.Tensor:
    """A disc of water with soft edges, drawn at four times the resolution; radius and place in mm."""
    down = (torch.arange(size * 4) - (size * 4 - 1) / 2) * spacing[0] / 4
    across = (torch.arange(size * 4) - (size * 4 - 1) / 2) * spacing[1] / 4
    inside = ((down[:, None] - y) ** 2 + (across[None, :] - x) ** 2 < radius**2).float() * WATER
    return torch.nn.functional.avg_pool2d(inside[None, None], 4)[0, 0]


@pytest.mark.parametrize("spacing", [(0.8, 0.8), (1.5, 1.5), (1.0, 1.3)])
def test_line_integrals_are_chords_in_millimetres(spacing: tuple[float, float]) -> None:
    beam = ParallelBeam(128, 128, spacing, 90)
    radius = 40.0
    projections = beam.project(disc(128, spacing, radius))
    place = (torch.arange(beam.bins) - (beam.bins - 1) / 2) * beam.pitch
    chords = 2 * (radius**2 - place**2).clamp(min=0).sqrt() * WATER
    away_from_edge = (place.abs() - radius).abs() > 3
    assert (projections - chords).abs()[:, away_from_edge].median() < 0.005 * chords.max()
    mass = projections.sum(1) * beam.pitch
    assert torch.allclose(mass, torch.full_like(mass, math.pi * radius**2 * WATER), rtol=0.01)


@pytest.mark.parametrize(
    ("size", "spacing", "x", "y"), [(128, (1.0, 1.0), 0.0, 0.0), (200, (0.7, 0.7), 20.0, -12.0), (129, (1.2, 0.9), 0.0, 8.0)]
)
def test_reconstruction_gives_the_attenuation_back(size: int, spacing: tuple[float, float], x: float, y: float) -> None:
    truth = disc(size, spacing, 35.0, x, y)
    beam = ParallelBeam(size, size, spacing, 360)
    found = beam.reconstruct(beam.project(truth))
    inside = disc(size, spacing, 30.0, x, y) > 0.99 * WATER
    outside = disc(size, spacing, 40.0, x, y) == 0
    assert float(found[inside].mean()) == pytest.approx(WATER, rel=0.01)
    assert (found[inside] - WATER).abs().max() < 0.06 * WATER
    assert abs(float(found[outside].mean())) < 0.01 * WATER


def test_a_point_is_found_where_it_was() -> None:
    truth = torch.zeros(96, 80)
    truth[20, 61] = 1.0
    beam = ParallelBeam(96, 80, (1.0, 1.0), 180)
    found = beam.reconstruct(beam.project(truth))
    assert divmod(int(found.argmax()), 80) == (20, 61)
