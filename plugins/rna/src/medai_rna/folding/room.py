"""Memory that a sequence takes, and what the machine has."""

from __future__ import annotations

from pathlib import Path

from medai.errors import MemoryFault

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
            f"a sequence of {length:,} bases needs {needed / 2**30:,.1f} GiB of memory; {free / 2**30:,.1f} are free on this machine, and "
            "no option gives more: of a run's data, the dataset's longest=N leaves longer sequences out"
        )


def _available() -> int | None:
    """Bytes that can be had without swapping, where the system says so; Linux does."""
    try:
        lines = _FREE.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
