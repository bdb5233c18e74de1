"""Where the bases of a structure stand in a drawing: helices straight, loops as circles, the exterior loop on a line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.spatial import cKDTree

from medai.errors import EnvironmentFault
from medai.tasks import Pairs
from medai_rna.folding.structure import Loop, loops_of
from medai_rna.nested import nested

Points = np.ndarray
"""complex128 (N,): x + iy."""

WIDTH = 1.6
"""Between the bases of a pair, where a step of the backbone is 1."""
_NEAR = 0.95
"""Bases of two branches that are nearer than this run into each other."""
_ROOM = (0.2, 0.4, 0.6, 0.8, 1.0, 1.3)
"""Shares of their width that branches are given beside each other, one after the other until they are apart."""
_CLEAR = 1.5
"""How far above the line of the exterior loop a branch is kept."""
_HIGHEST = 16.0
"""The most that it is lifted for that: what reaches further down crosses the line."""


class _Branch(NamedTuple):
    """The bases first..last, which pair, with what is between them; the pair lies on the x axis around 0, the rest above it."""

    first: int
    last: int
    points: Points


def layout(structure: Pairs, by: Literal["radial", "viennarna"] = "radial") -> np.ndarray:
    """Coordinates of the bases, float64 (N, 2), x and y; a step of the backbone is 1.

    Bases of the largest nested part of the structure decide. Each loop is a polygon on a circle whose circumference its bases fill; a
    stack is a rectangle, and of a bulge or interior loop the pairs stand opposite each other, so that arms are straight. Where branches of
    a multiloop would run into each other or into the stem, its unpaired stretches are drawn longer.

    Args:
        structure: may hold pseudoknots and multiplets.
        by: our own layout, or the coordinates that ViennaRNA's naview gives, where it is installed.

    Raises:
        EnvironmentFault: ViennaRNA is asked for and not installed.
    """
    flat = nested(structure)
    # Of less than two bases ViennaRNA makes no numbers, or ends the process.
    if by == "viennarna" and flat.length > 1:
        return _of_viennarna(flat)
    exterior, *closed = loops_of(flat)
    branches: dict[tuple[int, int], _Branch] = {}
    stems = _stems(closed)
    # A loop's branches begin after its closing pair, so that backwards each is laid out before the loop that it stands on.
    for loop in reversed(closed):
        assert loop.closing is not None
        branches[loop.closing] = _closed(loop, [branches.pop(pair) for pair in loop.branches], stems[loop.closing])
    points = _on_a_line(flat.length, [branches[pair] for pair in exterior.branches])
    return np.stack([points.real, points.imag], axis=1)


def _stems(closed: Sequence[Loop]) -> dict[tuple[int, int], int]:
    """How far the arm that ends with a pair reaches down from it, in steps: to a multiloop or the exterior loop. Loops are given from
    outside inwards."""
    found: dict[tuple[int, int], int] = {}
    for loop in closed:
        assert loop.closing is not None
        below = found.setdefault(loop.closing, 0)
        for inner in loop.branches if len(loop.branches) == 1 else ():
            found[inner] = below + 1 + max(inner[0] - loop.closing[0], loop.closing[1] - inner[1]) // 2
    return found


def _closed(loop: Loop, branches: Sequence[_Branch], stem: int) -> _Branch:
    """The loop with its branches, which are given as little room beside each other, and beside the stem below, as keeps them apart as well
    as can be."""
    best = _circle(loop, branches, 0.0)
    if len(branches) < 2:
        return best
    fewest = _collisions(best, branches, stem)
    for room in _ROOM:
        if not fewest:
            break
        found = _circle(loop, branches, room)
        if (count := _collisions(found, branches, stem)) < fewest:
            best, fewest = found, count
    return best


def _circle(loop: Loop, branches: Sequence[_Branch], room: float) -> _Branch:
    """The loop as a polygon on a circle, its branches outside of it."""
    assert loop.closing is not None
    first, last = loop.closing
    members = sorted([first, last, *loop.unpaired, *(end for pair in loop.branches for end in pair)])
    begins = {branch.first: branch for branch in branches}
    paired = np.array([before in begins for before in members[:-1]])
    radius, turns = _opposite(paired) if len(branches) == 1 else _around(paired, _steps(paired, branches, room))
    centre = 1j * np.sqrt(max(0.0, radius**2 - (WIDTH / 2) ** 2))
    start = np.angle(-WIDTH / 2 - centre)
    corners = centre + radius * np.exp(1j * (start - np.concatenate([[0.0], np.cumsum(turns)])))
    points = np.zeros(last - first + 1, dtype=np.complex128)
    points[np.array(members) - first] = corners
    for (before, _), (left, right) in zip(pairwise(members), pairwise(corners), strict=True):
        if branch := begins.get(before):
            placed = left + (branch.points + WIDTH / 2) * (right - left) / abs(right - left)
            points[branch.first - first : branch.last - first + 1] = placed
    return _Branch(first, last, points)


def _steps(paired: np.ndarray, branches: Sequence[_Branch], room: float) -> np.ndarray:
    """The length of each step along a loop: the width of a pair, or 1, or more where the branches at both ends of an unpaired stretch reach
    over it; with a `room` of 1 they are given as much as they are wide."""
    left = np.array([-branch.points.real.min() for branch in branches] + [WIDTH / 2])
    right = np.array([WIDTH / 2] + [branch.points.real.max() for branch in branches])
    stretch = paired.cumsum()[~paired]
    count = np.bincount(stretch, minlength=len(left))
    lengths = np.maximum(1.0, room * (left + right - WIDTH) / np.maximum(count, 1))
    return np.where(paired, WIDTH, lengths[paired.cumsum()])


def _around(paired: np.ndarray, chords: np.ndarray) -> tuple[float, np.ndarray]:
    """The radius, and the angle of each step from the closing pair's first base to its last, of the lengths given; `paired` says which
    steps are pairs.

    Steps are longer than asked for where the loop is so short that its closing pair would be more than a diameter, and one that would be
    more than a diameter is shorter.
    """
    chords = chords.copy()
    chords[~paired] *= max(1.0, (np.pi / 2 * WIDTH - chords[paired].sum()) / chords[~paired].sum())
    longest = int(chords.argmax())
    chords[longest] = min(chords[longest], max(WIDTH, 2 / np.pi * (chords.sum() - chords[longest] + WIDTH)))
    radius = _radius(np.append(chords, WIDTH))
    return radius, 2 * np.arcsin(np.minimum(1.0, chords / (2 * radius)))


def _opposite(paired: np.ndarray) -> tuple[float, np.ndarray]:
    """As `_around`, of a loop between two pairs, which stand opposite each other: so that arms are straight. The side with fewer bases is
    stretched to the length of the other."""
    place = int(np.flatnonzero(paired)[0])
    sides = place, len(paired) - 1 - place
    radius = _radius(np.array([WIDTH, WIDTH, *[1.0] * (2 * max(sides))]))
    across = 2 * np.arcsin(min(1.0, WIDTH / (2 * radius)))
    return radius, np.concatenate(
        [np.full(sides[0], (np.pi - across) / sides[0]), [across], np.full(sides[1], (np.pi - across) / sides[1])]
    )


def _radius(sides: np.ndarray) -> float:
    """That of the circle around a polygon of these sides."""
    smallest, largest = float(sides.max()) / 2, float(sides.sum())
    open_by = lambda radius: float(np.arcsin(np.minimum(1.0, sides / (2 * radius))).sum() - np.pi)  # noqa: E731
    return smallest if open_by(smallest) <= 0 else float(brentq(open_by, smallest, largest))


def _collisions(found: _Branch, branches: Sequence[_Branch], stem: int) -> int:
    """How many bases of two branches, or of a branch and the loop that it stands on or the stem below, are too near to each other."""
    down = -1j * np.arange(1, stem + 1)
    points = np.concatenate([found.points, down - WIDTH / 2, down, down + WIDTH / 2])
    inside = np.zeros(len(points), dtype=np.int64)
    for number, branch in enumerate(branches, 1):
        # The pair itself stands in the loop.
        inside[branch.first + 1 - found.first : branch.last - found.first] = number
    near = cKDTree(np.stack([points.real, points.imag], axis=1)).query_pairs(_NEAR, output_type="ndarray")
    return int((inside[near[:, 0]] != inside[near[:, 1]]).sum())


def _on_a_line(length: int, branches: Sequence[_Branch]) -> Points:
    """The exterior loop on the x axis from left to right, with its branches above it and beside each other; one that would reach below
    the line is lifted off it."""
    points = np.zeros(length, dtype=np.complex128)
    begins = {branch.first: branch for branch in branches}
    place, free, beside = 0, 0.0, -np.inf
    while place < length:
        branch = begins.get(place)
        if branch is None:
            points[place] = free
            place, free = place + 1, free + 1
            continue
        # At a side where the line ends there is nothing to run into.
        beneath = ((branch.points.real < 0) & (place > 0)) | ((branch.points.real > 0) & (branch.last + 1 < length))
        lowest = branch.points.imag.min(where=beneath, initial=0.0)
        shift = max(free + WIDTH / 2, beside + 1.5 - branch.points.real.min())
        lift = min(_CLEAR - lowest, _HIGHEST) if lowest < -_NEAR else 0.0
        points[place : branch.last + 1] = branch.points + shift + 1j * lift
        beside, free = shift + branch.points.real.max(), shift + WIDTH / 2 + 1
        place = branch.last + 1
    return points


def _of_viennarna(structure: Pairs) -> np.ndarray:
    try:
        import RNA
    except ImportError:
        raise EnvironmentFault("its coordinates need ViennaRNA, which is not installed: pip install 'medai-rna[viennarna]'") from None
    found = RNA.naview_xy_coordinates(structure.to_brackets())
    # The last one is not a base's; a step of the backbone is 15 of its units.
    return np.array([(point.X, point.Y) for point in list(found)[: structure.length]]).reshape(-1, 2) / 15
