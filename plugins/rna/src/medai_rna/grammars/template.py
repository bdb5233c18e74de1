"""A grammar of one family, out of one structure of it: a nonterminal for every place of the structure.

Sakakibara et al. 1994 begin with a grammar whose rules follow the known tree of a transfer RNA, in which every place may be skipped, and
bases and pairs may stand in between; its probabilities are then learnt from many sequences.
"""

from __future__ import annotations

from collections.abc import Iterator

from medai.tasks import Pairs

_ANYWHERE = """
    H -> a H a' | a G a'
    G -> a G | H G | e
"""
"""A helix that the template has not, with whatever is inside."""


def template_grammar(structure: Pairs) -> str:
    """The grammar of a nested structure.

    Each unpaired place k of the template makes its own base (table `uk`), is skipped, or comes after bases that the template has not; each
    pair k makes its own two bases (table `pk`), is skipped, or stands inside another pair or beside bases that are inserted; and at the end
    of each loop there may be more bases and helices. So it makes any structure, but those like the template most readily.
    """
    partner = dict(structure.pairs)
    return "\n".join([*_chain(partner, 0, structure.length, "S"), _ANYWHERE])


def _chain(partner: dict[int, int], start: int, end: int, name: str) -> Iterator[str]:
    """Rules of the places start to end - 1 in a row; `name` makes them."""
    place, here = start, name
    while place < end:
        last = partner.get(place)
        behind = f"C{place + 1 if last is None else last + 1}x{end}"
        if last is None:
            yield f"{here} -> a {behind} <u{place}> (0.92) | {behind} (0.04) | a {here} (0.04)"
            place += 1
        else:
            yield f"{here} -> P{place} {behind} (0.96) | a {here} (0.04)"
            yield from _helix(partner, place, last)
            place = last + 1
        here = behind
    yield f"{here} -> e (0.94) | a {here} (0.04) | H {here} (0.02)"


def _helix(partner: dict[int, int], i: int, j: int) -> Iterator[str]:
    """Rules of the pair (i, j) and of what is inside."""
    stacked = partner.get(i + 1) == j - 1
    inside = f"P{i + 1}" if stacked else f"C{i + 1}x{j}"
    yield f"P{i} -> a {inside} a' <p{i}> (0.9) | {inside} (0.04) | a P{i} a' (0.02) | a P{i} (0.02) | P{i} a (0.02)"
    yield from _helix(partner, i + 1, j - 1) if stacked else _chain(partner, i + 1, j, inside)
