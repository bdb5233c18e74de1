"""A model made ready to be asked in one way or another: its precision, its memory's layout, compiled or not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import torch

from medai._bench.asking import module_of
from medai._bench.sizes import require_room_for_batch
from medai._bench.subjects import Subject
from medai._engine.device import describe
from medai.errors import EnvironmentFault, UsageError
from medai.tasks import Batch, Image, Predictor

Precision = Literal["float32", "bf16", "auto"]
_LAYOUTS = {3: torch.channels_last, 4: torch.channels_last_3d}
"""By the axes of one case's pixels."""


@dataclass(frozen=True)
class Way:
    """How a model is asked: in bf16 or in float32, and with the channels last in memory."""

    bf16: bool = False
    channels_last: bool = False


def way_on(device: torch.device, precision: Precision, *, channels_last: bool = False) -> Way:
    """The way on a device; `auto` is bf16 where the card has it.

    Raises:
        EnvironmentFault: bf16 is wanted of a card that does not have it.
    """
    has = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bf16" and device.type == "cuda" and not has:
        raise EnvironmentFault(f"precision bf16: {describe(device)} does not have it")
    return Way(precision == "bf16" or (precision == "auto" and has), channels_last)


def prepared(subject: Subject, device: torch.device, way: Way) -> Predictor[Any]:
    """A subject's model on a device, in evaluation mode.

    Raises:
        UsageError: the channels are to be last of what are no images, or of a model that is no torch module.
    """
    predictor = subject.build(device)
    module = module_of(predictor)
    if module is not None:
        module.eval()
    if way.channels_last:
        inputs = subject.sample.inputs
        if module is None or not isinstance(inputs, Image):
            raise UsageError(f"--channels-last is for torch modules that are given images: {subject.use.id} is no such one")
        module.to(memory_format=_LAYOUTS[inputs.pixels.ndim])
    return predictor


def batch_of(subject: Subject, count: int, way: Way) -> Batch[Any, Any]:
    """The subject's case so many times, laid out in memory as the way says.

    Raises:
        MemoryFault: so many do not fit into the memory that is free.
    """
    require_room_for_batch(subject.sample.inputs, count)
    batch = Batch.of([subject.sample] * count)
    if not way.channels_last:
        return batch
    pixels = batch.inputs.pixels
    laid = pixels.contiguous(memory_format=_LAYOUTS[pixels.ndim - 1])
    return dataclasses.replace(batch, inputs=dataclasses.replace(batch.inputs, pixels=laid))


def compile_module(predictor: Predictor[Any], *, graphs: bool) -> None:
    """Have the predictor's module compiled when it is next called, for its size alone; with CUDA graphs or without."""
    module = module_of(predictor)
    if module is None:
        raise UsageError("it is no torch module, which alone can be compiled")
    module.compile(dynamic=False, mode="reduce-overhead" if graphs else None)
