"""One resolver of `--device`; what it chose is printed and recorded."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list

from medai._words import counted
from medai.errors import EnvironmentFault, UsageError

T = TypeVar("T")


def resolve_device(wanted: str) -> torch.device:
    """`auto`, `cpu`, `cuda`, `cuda:1` or `mps` as a device that is there.

    Raises:
        UsageError: the name is none of these.
        EnvironmentFault: the device is not on this machine.
    """
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise UsageError(f"--device {wanted!r}: wanted auto, cpu, cuda, cuda:N or mps") from None
    if device.type == "cuda":
        _check_cuda(device)
    elif device.type == "mps" and not torch.backends.mps.is_available():
        raise EnvironmentFault("--device mps: this machine has no Apple GPU that torch can use")
    elif device.type not in ("cpu", "mps"):
        raise UsageError(f"--device {wanted!r}: wanted auto, cpu, cuda, cuda:N or mps")
    return device


def describe(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{device} ({properties.name}, {properties.total_memory / 2**30:.0f} GiB)"
    return f"cpu ({counted(torch.get_num_threads(), 'thread')})" if device.type == "cpu" else str(device)


def accelerator_for(device: torch.device, precision: str) -> tuple[Accelerator, str]:
    """An accelerator on `device` and the precision that it uses: `auto` is bf16 where the card has it."""
    has_bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bf16" and device.type == "cuda" and not has_bf16:
        raise EnvironmentFault(f"precision bf16: {describe(device)} does not have it")
    mixed = "bf16" if precision == "bf16" or (precision == "auto" and has_bf16) else "no"
    # Accelerate keeps one state per process; an upstream run may have left another device or precision there.
    AcceleratorState._reset_state(reset_partial_state="WORLD_SIZE" not in os.environ)
    os.environ.pop("ACCELERATE_TORCH_DEVICE", None)
    if device.type == "cuda" and device.index is not None:
        os.environ["ACCELERATE_TORCH_DEVICE"] = str(device)
    # A turn leaves the parameters of the others without a gradient.
    handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)]
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=mixed, kwargs_handlers=handlers)
    return accelerator, "float32" if mixed == "no" else mixed


def is_first_process() -> bool:
    """Whether this process writes the run folder: the only one there is, or the first of a `torchrun`."""
    return int(os.environ.get("RANK", "0")) == 0


def agreed(make: Callable[[], T], device: torch.device) -> T:
    """What the first process makes, in every process of a `torchrun`."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return make()
    state = PartialState(cpu=device.type == "cpu")
    found: list[Any] = [make() if state.is_main_process else None]
    broadcast_object_list(found)
    made: T = found[0]
    return made


def _check_cuda(device: torch.device) -> None:
    if not torch.cuda.is_available():
        built = "this torch was built without CUDA" if torch.version.cuda is None else "no GPU or no driver was found"
        raise EnvironmentFault(f"--device {device}: CUDA is not available ({built}); use --device cpu or --device auto")
    if device.index is not None and device.index >= torch.cuda.device_count():
        raise EnvironmentFault(f"--device {device}: this machine has {torch.cuda.device_count()} CUDA device(s)")
