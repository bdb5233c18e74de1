"""The stems and loops of a structure by bpRNA's letters (Danaee et al. 2018, doi:10.1093/nar/gky285)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from medai_rna.formats.nesting import Pair

_IN_PARTS = "IM"
_BESIDE = {"E": (False, False), "H": (True, False), "I": (True, False), "B": (True, True), "M": (True, True), "X": (True, True)}
"""Whether the pairs before and behind a stretch are listed with it."""


class Stretch(NamedTuple):
    """Unpaired bases `start` to `end` - 1, positions from 0, of a loop of a kind: `H` hairpin, `B` bulge, `I` interior loop, `M` multiloop,
    `X` between stems of the exterior loop, `E` at an end; `loop` tells the loops apart."""

    kind: str
    loop: int
    start: int
    end: int


def stretches_of(pairs: Sequence[Pair], length: int) -> list[Stretch]:
    """The stretches of unpaired bases from 5' to 3'.

    Args:
        pairs: nested, (i, j) with i < j, positions from 0.
        length: bases.
    """
    partner = _partners(pairs)
    found = []
    for loop, (i, j) in enumerate([(-1, length), *sorted(pairs)]):
        gaps, branches = _inside(i, j, partner)
        for start, end in gaps:
            if i < 0:
                kind = "X" if branches and branches[0] < start < branches[-1] else "E"
            else:
                kind = "H" if not branches else "M" if len(branches) > 1 else "I" if len(gaps) == 2 else "B"
            found.append(Stretch(kind, loop, start, end))
    return sorted(found, key=lambda stretch: stretch.start)


def loops_of(pairs: Sequence[Pair], length: int) -> str:
    """The kind of loop of each base, as `Stretch` has them, and `S` for those of stems."""
    signs = ["S"] * length
    for kind, _, start, end in stretches_of(pairs, length):
        signs[start:end] = kind * (end - start)
    return "".join(signs)


def elements_of(letters: str, pairs: Sequence[Pair]) -> list[str]:
    """Stems and loops as bpRNA's files list them, positions from 1: `S1 1..3 "GGG" 8..10 "CCC"`, `H1 4..7 "AAAA" (3,8) G:C`. Stretches of
    multiloops without a base are not listed.

    Args:
        letters: the sequence.
        pairs: nested, (i, j) with i < j, positions from 0.
    """
    partner, counts, numbers = _partners(pairs), dict[str, int](), dict[int, list[int]]()
    lines = [f"S{count} {_span(letters, *first)} {_span(letters, *last)}" for count, (first, last) in enumerate(_stems(pairs), 1)]
    stretches = stretches_of(pairs, len(letters))
    for kind, loop, start, end in sorted(stretches, key=lambda stretch: "HBIMXE".index(stretch.kind)):
        if kind not in _IN_PARTS or loop not in numbers:
            counts[kind] = counts.get(kind, 0) + 1
            numbers[loop] = [counts[kind], 0]
        numbers[loop][1] += 1
        name = f"{kind}{'.'.join(map(str, numbers[loop]))}" if kind in _IN_PARTS else f"{kind}{counts[kind]}"
        beside = [place for place, listed in zip((start - 1, end), _BESIDE[kind], strict=True) if listed]
        closing = [f"({place + 1},{partner[place] + 1}) {letters[place]}:{letters[partner[place]]}" for place in beside]
        lines.append(" ".join([name, _span(letters, start, end), *closing]))
    return lines


def _partners(pairs: Sequence[Pair]) -> dict[int, int]:
    return {end: other for i, j in pairs for end, other in ((i, j), (j, i))}


def _inside(i: int, j: int, partner: Mapping[int, int]) -> tuple[list[Pair], list[int]]:
    """The stretches of unpaired bases of the loop that a pair closes, and where its branches begin."""
    gaps, branches, place = [], [], i + 1
    while place < j:
        if place in partner:
            branches.append(place)
            place = partner[place] + 1
            continue
        start = place
        while place < j and place not in partner:
            place += 1
        gaps.append((start, place))
    return gaps, branches


def _stems(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """The two strands of each stem of pairs that follow each other, as starts and ends."""
    there = set(pairs)
    for i, j in sorted(pairs):
        if (i - 1, j + 1) in there:
            continue
        size = 1
        while (i + size, j - size) in there:
            size += 1
        yield (i, i + size), (j - size + 1, j + 1)


def _span(letters: str, start: int, end: int) -> str:
    return f'{start + 1}..{end} "{letters[start:end]}"'
