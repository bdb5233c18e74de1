"""The fewest edits by which a sequence becomes a stretch of another one, and a bound that spares counting them."""

from __future__ import annotations

import numpy as np

from medai_rna.folding.loops import compiled

_WORD = 64
_ONE, _ZERO, _ALL, _SHIFTS = np.uint64(1), np.uint64(0), ~np.uint64(0), np.arange(64, dtype=np.uint64)


@compiled
def fewest_edits(pattern: np.ndarray, text: np.ndarray, most: int) -> int:
    """The fewest substitutions, insertions and deletions that make all of `pattern` a stretch of `text` (Sellers 1980), counted in words of
    64 bits (Myers 1999, doi:10.1145/316542.316550, with Hyyro's blocks).

    Args:
        pattern: codes 0 to 3 of bases, and any other code for one that is like none; int8 (M,), M > 0.
        text: the same, int8 (N,).
        most: beyond so many, any larger number will do.
    """
    length, words = len(pattern), (len(pattern) + _WORD - 1) // _WORD
    here = np.zeros((5, words), dtype=np.uint64)
    for index in range(length):
        if 0 <= pattern[index] < 4:
            here[pattern[index], index // _WORD] |= _SHIFTS[1] << _SHIFTS[index % _WORD]
    up = np.full(words, _ALL, dtype=np.uint64)
    down = np.zeros(words, dtype=np.uint64)
    last = _SHIFTS[(length - 1) % _WORD]
    score, best = length, length
    for column in range(len(text)):
        code = text[column] if 0 <= text[column] < 4 else 4
        carry = 0
        for word in range(words):
            equal, more, less = here[code, word], up[word], down[word]
            vertical = equal | less
            if carry < 0:
                equal |= _ONE
            across = (((equal & more) + more) ^ more) | equal
            right, left = less | ~(across | more), more & across
            top = last if word == words - 1 else _SHIFTS[63]
            out = 0
            if (right >> top) & _ONE:
                out = 1
            elif (left >> top) & _ONE:
                out = -1
            right, left = right << _ONE, left << _ONE
            if carry < 0:
                left |= _ONE
            elif carry > 0:
                right |= _ONE
            up[word], down[word] = left | ~(vertical | right), right & vertical
            carry = out
        score += carry
        best = min(best, score)
        # A column changes the count by one at most.
        if best == 0 or (best > most and score - (len(text) - 1 - column) > most):
            return best
    return best


@compiled
def shared_words(counts: np.ndarray, words: np.ndarray, used: np.ndarray, wanted: int) -> bool:
    """Whether so many words are shared: `counts` says how often each stands in one sequence, `words` are those of the other; `used` is of
    0, as large as `counts`, and is so again after."""
    shared, seen = 0, 0
    for word in words:
        if shared >= wanted or shared + len(words) - seen < wanted:
            break
        seen += 1
        if used[word] < counts[word]:
            used[word] += 1
            shared += 1
    for word in words[:seen]:
        used[word] = 0
    return shared >= wanted


@compiled
def likest(
    own: np.ndarray,
    own_words: np.ndarray,
    codes: np.ndarray,
    starts: np.ndarray,
    words: np.ndarray,
    size: int,
    allowed: float,
    skipped: np.ndarray,
    long: int,
    every: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The sequences that one is like, and their edits as parts of the shorter's length.

    Args:
        own: its codes, int8.
        own_words: its words of `size` bases as numbers.
        codes: those of the others, one after another, int8.
        starts: where each begins, and the end, int64 (others + 1,).
        words: the word that begins at each place of `codes`; one that goes beyond its sequence is not looked at.
        size: bases of a word.
        allowed: edits as a part of the shorter's length, at most.
        skipped: others not to look at, bool.
        long: bases from which a sequence may be like a stretch of another one; shorter ones are like those of about their length alone.
        every: all that are found; else the likest alone.
    """
    found, parts = np.empty(len(skipped), dtype=np.int64), np.empty(len(skipped), dtype=np.float64)
    total, bound = 0, allowed
    counts = np.zeros(4**size, dtype=np.int32)
    used = np.zeros(4**size, dtype=np.int32)
    for word in own_words:
        counts[word] += 1
    for other in range(len(skipped)):
        start, end = starts[other], starts[other + 1]
        shorter = min(len(own), end - start)
        if skipped[other] or shorter == 0:
            continue
        if shorter < long and shorter < (1.0 - allowed) * max(len(own), end - start):
            continue
        most = int(np.floor(bound * shorter + 1e-9))
        # Each edit of the shorter one spoils `size` of its words at most.
        wanted = shorter - size + 1 - size * most
        if wanted > 0 and not shared_words(counts, words[start : end - size + 1], used, wanted):
            continue
        theirs = codes[start:end]
        edits = fewest_edits(own, theirs, most) if len(own) <= len(theirs) else fewest_edits(theirs, own, most)
        if edits <= most:
            found[total], parts[total] = other, edits / shorter
            if every:
                total += 1
            elif total == 0 or parts[0] > edits / shorter:
                total = 1
                bound = edits / shorter
            if not every and bound == 0.0:
                break
    return found[:total], parts[:total]
