"""How much memory is free, and telling a lack of it from other errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from medai import _memory
from medai._memory import available, ran_out_of_memory

_LINUX = "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."
_WINDOWS = "[enforce fail at alloc_cpu.cpp:115] data. DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."


@pytest.mark.parametrize(
    "error",
    [MemoryError("full"), torch.OutOfMemoryError("CUDA"), RuntimeError(_LINUX), RuntimeError(_WINDOWS)],
)
def test_a_lack_of_memory(error: BaseException) -> None:
    assert ran_out_of_memory(error)


def test_a_lack_of_memory_as_the_libraries_raise_it() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50, dtype=torch.float32)
    assert ran_out_of_memory(caught.value)
    with pytest.raises(MemoryError) as refused:
        np.empty(2**50, dtype=np.float32)
    assert ran_out_of_memory(refused.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shapes differ"),
        ValueError("can't allocate memory"),
        OSError(12, "Cannot allocate memory"),
        KeyboardInterrupt(),
        SystemExit(3),
    ],
)
def test_other_errors(error: BaseException) -> None:
    assert not ran_out_of_memory(error)


def test_what_is_free_is_what_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "meminfo"
    monkeypatch.setattr(_memory, "_FREE", said)
    assert available() is None
    said.write_text("MemTotal:       32000000 kB\nMemFree:  100 kB\nMemAvailable:   17758532 kB\n", encoding="ascii")
    assert available() == 17758532 * 1024
    said.write_text("MemTotal:       32000000 kB\n", encoding="ascii")
    assert available() is None
