"""Lists, numbers and near misses in messages."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[object]) -> str:
    """`a, b and c`."""
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"


def counted(number: int, noun: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def close_to(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names that `word` may have been meant to be."""
    # Not at the top: it is wanted only when something is wrong.
    from difflib import get_close_matches

    return get_close_matches(word, list(known), n=count, cutoff=0.6)


def nearest(word: str, known: Iterable[str]) -> str:
    """A half-sentence with the nearest names, or with all of them when none is near; to be put behind a message."""
    names = sorted(known)
    close = close_to(word, names)
    if close:
        return f": did you mean {' or '.join(close)}?"
    return f": there is {listed(names)}" if names else ": there is none"
