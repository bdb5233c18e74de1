"""Telling a lack of memory from other errors."""

from __future__ import annotations


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the machine or the device had too little memory: torch says so in a class of its own for GPUs, in words for the CPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
