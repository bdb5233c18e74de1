"""How much memory is free, and telling a lack of it from other errors."""

from __future__ import annotations

from pathlib import Path

_FREE = Path("/proc/meminfo")
# Of torch's allocator for the CPU: on Linux and macOS, on Windows.
_SAID = ("can't allocate memory", "DefaultCPUAllocator: not enough memory")


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the machine or the device had too little memory: torch says so in a class of its own for GPUs, in words for the CPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _SAID)


def available() -> int | None:
    """Bytes of memory that the machine could still give, without swapping; None where the system does not say: Linux does."""
    try:
        lines = _FREE.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
