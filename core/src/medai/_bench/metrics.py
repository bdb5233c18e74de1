"""Metrics of a model itself: what it holds, what an answer takes, how long one takes."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from medai._bench.asking import answering, device_of, evaluating
from medai._bench.counting import parameters_of, work_of
from medai._bench.sizes import sized_batch
from medai._bench.timing import threads, timed
from medai._engine.device import resolve_device
from medai.tasks import Batch


class ParameterCount:
    """`parameters` and `parameters-trainable`: how many numbers a torch module holds as parameters; NaN of any other model."""

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The two counts; the batch is not looked at."""
        if not isinstance(model, nn.Module):
            return {"parameters": math.nan, "parameters-trainable": math.nan}
        found = parameters_of(model)
        return {"parameters": float(found.all), "parameters-trainable": float(found.trainable)}


class Macs:
    """`macs`: multiply-accumulate operations of convolutions and matrix products (two FLOPs each) to answer a batch, as
    `torch.utils.flop_counter` counts them; NaN of a model that is no torch module.

    They grow with the input: where two models are compared, give the size.

    Args:
        size: pixels along each spatial axis, rows before columns and planes first, to which the batch's images are drawn; one number
            stands for each axis; None leaves them as they are.
    """

    def __init__(self, size: tuple[int, ...] | None = None) -> None:
        self.size = size

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The operations of one answer to the batch."""
        if not isinstance(model, nn.Module):
            return {"macs": math.nan}
        with evaluating(model):
            return {"macs": float(work_of(answering(model, sized_batch(batch, self.size)), model).macs)}


class Latency:
    """`latency-ms`, with the quartiles `latency-ms-low` and `latency-ms-high`: how long a model takes to answer a batch, in milliseconds,
    the median after a warm-up. It is of one machine: compare within one table alone.

    Args:
        size: pixels along each spatial axis, as `macs` takes them.
        device: `cpu`, `cuda`, `cuda:N` or `mps`; empty: where the model is.
        threads: of torch on the CPU; None: as many as there are.
        repeats: how many answers are timed; None: as many as fit in two seconds, at least 3.
        warmup: how many are made before, and not timed.
    """

    def __init__(
        self,
        size: tuple[int, ...] | None = None,
        device: str = "",
        threads: int | None = None,
        repeats: int | None = None,
        warmup: int = 2,
    ) -> None:
        self.size, self.device, self.threads, self.repeats, self.warmup = size, device, threads, repeats, warmup

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The times, on a copy of the model where it is somewhere else than `device`; NaN of a model that cannot be moved there.

        Raises:
            EnvironmentFault: the device is not on this machine.
        """
        here = device_of(model) if isinstance(model, nn.Module) else torch.device("cpu")
        device = resolve_device(self.device) if self.device else here
        if device != here:
            if not isinstance(model, nn.Module):
                return {"latency-ms": math.nan, "latency-ms-low": math.nan, "latency-ms-high": math.nan}
            model = copy.deepcopy(model).to(device)
        with evaluating(model), threads(self.threads):
            call = answering(model, sized_batch(batch, self.size))
            found = timed({"": call}, device, repeats=self.repeats, warmup=self.warmup)[""]
        return {"latency-ms": found.median, "latency-ms-low": found.low, "latency-ms-high": found.high}
