"""Memory that a sequence takes, and what the machine has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from medai.errors import MemoryFault
from medai.tasks import Case

_FREE = Path("/proc/meminfo")


def ensure_room(length: int, each: float) -> None:
    """Look before memory is allocated.

    Args:
        length: bases of the sequence.
        each: bytes for each two of them.

    Raises:
        MemoryFault: they are more than the machine can give. Where the system does not say what it can, nothing is refused.
    """
    needed = each * length**2
    # Little is not worth a look at a file.
    if needed > 2**28 and (free := _available()) is not None and needed > free:
        raise MemoryFault(
            f"a sequence of {length:,} bases needs {needed / 2**30:,.1f} GiB of memory; {free / 2**30:,.1f} are free on this machine"
        )


@contextmanager
def in_training(case: str) -> Iterator[None]:
    """A lack of memory names the case that training is at, and how to be rid of it.

    Raises:
        MemoryFault: as it was raised in the block, with both.
    """
    try:
        yield
    except MemoryFault as error:
        raise MemoryFault(f"case {case}: {error} (--set data.NAME.folder.longest=N leaves longer ones out)") from error


def longest(cases: Sequence[Case], letters: Sequence[str]) -> str:
    """The case of the longest of these sequences: memory grows with length."""
    return max(zip(map(len, letters), (case.id for case in cases), strict=True))[1]


def _available() -> int | None:
    """Bytes that can be had without swapping, where the system says so; Linux does."""
    try:
        lines = _FREE.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
