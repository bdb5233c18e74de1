"""Telling a lack of memory from other errors."""

from __future__ import annotations

# Of torch's allocator for the CPU: on Linux and macOS, on Windows.
_SAID = ("can't allocate memory", "DefaultCPUAllocator: not enough memory")


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the machine or the device had too little memory: torch says so in a class of its own for GPUs, in words for the CPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _SAID)
