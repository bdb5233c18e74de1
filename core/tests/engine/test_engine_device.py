from __future__ import annotations

import os

import pytest
import torch

from medai._engine.device import accelerator_for, describe, resolve_device
from medai.errors import EnvironmentFault, UsageError


def test_cuda_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for wanted in ("cuda", "cuda:0", "cuda:7"):
        with pytest.raises(EnvironmentFault, match=f"--device {wanted}: CUDA is not available.*--device cpu") as caught:
            resolve_device(wanted)
    assert caught.value.exit_code == 7


def test_a_card_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(EnvironmentFault, match=r"--device cuda:1: this machine has 1 CUDA device"):
        resolve_device("cuda:1")
    assert resolve_device("cuda:0") == torch.device("cuda:0") and resolve_device("auto") == torch.device("cuda")


@pytest.mark.parametrize("wanted", ["gpu", "", "cuda:x", "meta", "xpu", "cpu,cuda", "AUTO"])
def test_nonsense(wanted: str) -> None:
    with pytest.raises(UsageError, match="wanted auto, cpu, cuda, cuda:N or mps"):
        resolve_device(wanted)


def test_auto_without_any_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == torch.device("cpu")
    assert describe(torch.device("cpu")).startswith("cpu (")
    with pytest.raises(EnvironmentFault, match="no Apple GPU"):
        resolve_device("mps")


def test_precision_and_device_of_one_run_do_not_stay_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "meta")
    first, said = accelerator_for(cpu, "bf16")
    assert (first.mixed_precision, said, first.device) == ("bf16", "bf16", cpu)
    second, said = accelerator_for(cpu, "auto")
    assert (second.mixed_precision, said) == ("no", "float32")
    assert "ACCELERATE_TORCH_DEVICE" not in os.environ
