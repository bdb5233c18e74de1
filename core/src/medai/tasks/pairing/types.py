"""A secondary structure as a list of pairs, and as a string of brackets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

from medai.errors import DataError

_OPENING = "([{<" + ascii_uppercase
_CLOSING = ")]}>" + ascii_lowercase
_UNPAIRED = frozenset(".-_,:~")


@dataclass(frozen=True)
class Pairs:
    """Which positions pair; pairs may cross (pseudoknots), and each position pairs at most once, unless it is said that it may pair with
    several (multiplets, such as base triples).

    Attributes:
        pairs: (i, j) with i < j, positions from 0, sorted.
        length: positions in all.
        multiplets: whether a position may pair with several others. Two structures with the same pairs are equal, whatever it says.
    """

    pairs: tuple[tuple[int, int], ...]
    length: int
    multiplets: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]], length: int, *, multiplets: bool = False) -> Pairs:
        """Pairs in any order and direction.

        Args:
            pairs: positions from 0; no pair stands twice.
            length: positions in all.
            multiplets: whether a position may pair with several others.

        Raises:
            DataError: a position is out of range or pairs with itself, a pair stands twice, or, where that may not be, a position pairs
                with several.
        """
        ordered = tuple(sorted((min(pair), max(pair)) for pair in pairs))
        for i, j in ordered:
            if not (i >= 0 and j < length):
                raise DataError(f"a pair leaves the sequence of {length} positions")
            if i == j:
                raise DataError(f"position {i + 1} pairs with itself")
        if len(set(ordered)) < len(ordered):
            raise DataError("a pair stands twice")
        found = cls(ordered, length, multiplets)
        if not multiplets and (several := found.several):
            raise DataError(f"position {several[0] + 1} pairs twice")
        return found

    @property
    def several(self) -> tuple[int, ...]:
        """The positions that pair with several others, in order; empty without multiplets."""
        counts = Counter(end for pair in self.pairs for end in pair)
        return tuple(sorted(end for end, count in counts.items() if count > 1))

    @classmethod
    def from_brackets(cls, text: str) -> Pairs:
        """Read dot-bracket notation: `()`, then `[]`, `{}`, `<>`, `Aa` to `Zz` for pairs that cross; `.` is unpaired.

        Raises:
            DataError: a bracket has no partner, or a character is none of these.
        """
        waiting: dict[str, list[int]] = {closing: [] for closing in _CLOSING}
        pairs = []
        for place, letter in enumerate(text):
            if letter in _OPENING:
                waiting[_CLOSING[_OPENING.index(letter)]].append(place)
            elif letter in waiting:
                if not waiting[letter]:
                    raise DataError(f"the {letter!r} at position {place + 1} closes nothing")
                pairs.append((waiting[letter].pop(), place))
            elif letter not in _UNPAIRED:
                raise DataError(f"{letter!r} at position {place + 1} is not dot-bracket notation")
        if left := sorted(place for places in waiting.values() for place in places):
            raise DataError(f"the {text[left[0]]!r} at position {left[0] + 1} is not closed")
        return cls.of(pairs, len(text))

    def to_brackets(self) -> str:
        """Dot-bracket notation; each pair has the first kind of bracket in which it crosses no other.

        Raises:
            DataError: the pairs cross more deeply than there are kinds of bracket (30), or a position pairs with several others, which
                this notation cannot say.
        """
        if several := self.several:
            raise DataError(f"position {several[0] + 1} pairs with several others: dot-bracket notation cannot say that")
        letters = ["."] * self.length
        levels: list[list[tuple[int, int]]] = [[] for _ in _OPENING]
        for pair in self.pairs:
            level = next((index for index, held in enumerate(levels) if not any(_cross(pair, other) for other in held)), None)
            if level is None:
                raise DataError(f"pairs cross more deeply than the {len(_OPENING)} kinds of bracket can say")
            levels[level].append(pair)
            letters[pair[0]], letters[pair[1]] = _OPENING[level], _CLOSING[level]
        return "".join(letters)

    @classmethod
    def stack(cls, items: Sequence[Pairs]) -> list[Pairs]:
        """Structures differ in length, so they stay a list."""
        return list(items)


def _cross(first: tuple[int, int], second: tuple[int, int]) -> bool:
    (i, j), (k, m) = sorted((first, second))
    return i < k < j < m
