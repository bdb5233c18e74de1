"""Brackets: dot-bracket notation with all its layers, and WUSS."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

from medai.errors import DataError
from medai_rna.formats.nesting import Pair, layers
from medai_rna.formats.record import Flaw, Place

OPENING = "([{<" + ascii_uppercase
CLOSING = ")]}>" + ascii_lowercase
UNPAIRED = frozenset(".-_,:~")
"""Of unpaired positions; WUSS tells loops apart by them."""

_CLOSES = dict(zip(OPENING, CLOSING, strict=True))


def pairs_of(text: str, place: Place) -> list[Pair]:
    """The pairs of dot-bracket notation or WUSS, positions from 0, sorted; each kind of bracket is nested in itself.

    Raises:
        Flaw: a bracket has no partner, or a sign is none of either.
    """
    waiting: dict[str, list[int]] = {closing: [] for closing in CLOSING}
    found = []
    for index, sign in enumerate(text):
        if sign in _CLOSES:
            waiting[_CLOSES[sign]].append(index)
        elif sign in waiting:
            if not waiting[sign]:
                raise Flaw(f"{place(index)}: the {sign!r} closes nothing")
            found.append((waiting[sign].pop(), index))
        elif sign not in UNPAIRED:
            raise Flaw(f"{place(index)}: {sign!r} is no sign of a structure")
    if left := sorted(index for indices in waiting.values() for index in indices):
        raise Flaw(f"{place(left[0])}: the {text[left[0]]!r} is not closed")
    return sorted(found)


def brackets_of(pairs: Sequence[Pair], length: int) -> str:
    """Dot-bracket notation: `()` for the largest layer without crossings, `[]` for the largest of the rest, then `{}`, `<>`, `Aa` to `Zz`.

    Raises:
        DataError: there are more layers than kinds of bracket, or a position pairs with several others.
    """
    return _drawn(pairs, length, OPENING, CLOSING)


def wuss_of(pairs: Sequence[Pair], length: int) -> str:
    """WUSS: `<>` for the largest layer without crossings, `Aa` to `Zz` for the others, which are pseudoknots.

    Raises:
        DataError: as `brackets_of`.
    """
    return _drawn(pairs, length, "<" + ascii_uppercase, ">" + ascii_lowercase)


def _drawn(pairs: Sequence[Pair], length: int, opening: str, closing: str) -> str:
    if len({end for pair in pairs for end in pair}) < 2 * len(pairs):
        raise DataError("a position pairs with several others: brackets cannot say that")
    found = layers(pairs)
    if len(found) > len(opening):
        raise DataError(f"pairs cross more deeply than the {len(opening)} kinds of bracket can say")
    signs = ["."] * length
    for (first, last), layer in zip(zip(opening, closing, strict=True), found, strict=False):
        for i, j in layer:
            signs[i], signs[j] = first, last
    return "".join(signs)
