"""How many images a detector answers in a second, and where the time goes."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import nn

from medai.api import build
from medai.tasks import Batch, Boxes, Image
from medai_breast.models.network import LesionDetector

_STAGES = ("pre-processing-ms", "network-ms", "post-processing-ms")


class FramesPerSecond:
    """`fps`, images per second, one at a time: a thousand by `frame-ms`, the median milliseconds from the image on the device to its boxes
    on the CPU, with pre- and post-processing, as `medai/latency` measures. The horizontal axis of the study's AP-FPS plots, which
    tables draw. It is of one machine: compare within one table alone; the study names neither its own nor its precision.

    Of the networks of this plugin, the stages too, each timed alone: `pre-processing-ms` (into the network's frame, on its scale),
    `network-ms`, and `post-processing-ms` (decoding, suppression of doubles, back into the image). Libraries' detectors decode inside the
    network; for them and for all others the stages are NaN.

    Args:
        size: pixels along each side to which the image is drawn first; None leaves it as it is.
        device: `auto` is a GPU where there is one; `cuda` and `mps` give NaN where there is none.
        threads: of torch on the CPU; None: as many as there are.
        repeats: how many answers are timed; None: as many as fit in two seconds, at least 3.
    """

    def __init__(
        self,
        size: int | None = 320,
        device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
        threads: int | None = None,
        repeats: int | None = None,
    ) -> None:
        self._device = device
        self._latency = build("medai/latency", size=None if size is None else (size,), threads=threads, repeats=repeats)

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The times of answers to the batch's first image."""
        device, undefined = _device(self._device), dict.fromkeys(("fps", "frame-ms", *_STAGES), math.nan)
        if device is None:
            return undefined
        if isinstance(model, nn.Module) and any(each.device.type != device.type for each in model.parameters()):
            model = copy.deepcopy(model).to(device)
        first = _first(batch)
        frame = self._latency.measure(model, first)["latency-ms"]
        return undefined | {"fps": 1000 / frame, "frame-ms": frame} | self._stages(model, first)

    def _stages(self, model: Any, batch: Batch[Any, Any]) -> dict[str, float]:
        if not isinstance(model, LesionDetector):
            return {}
        stages = _Stages(model)
        calls = (stages.framing, stages.asking, stages.decoding)
        return {name: self._latency.measure(_Stage(model, call), batch)["latency-ms"] for name, call in zip(_STAGES, calls, strict=True)}


class _Stages:
    """What a network's `forward` does, step by step; each step takes up what the one before it left."""

    def __init__(self, model: LesionDetector) -> None:
        self._model = model

    def framing(self, pixels: torch.Tensor) -> None:
        self._frame = self._model.framed(pixels)

    def asking(self, pixels: torch.Tensor) -> None:
        self._maps = self._model.maps(self._frame)

    def decoding(self, pixels: torch.Tensor) -> list[Boxes]:
        found = self._model.decoded(self._maps, self._frame.shape[-2:])
        return [self._model.answer(*each, pixels) for each in found]


class _Stage(nn.Module):
    """One step as a model whose time is taken; it holds the network, so that it is measured where that is."""

    def __init__(self, model: nn.Module, call: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.model, self._call = model, call

    def predict(self, batch: Batch[Any, Any]) -> object:
        """The step's result for the batch's images."""
        return self._call(batch.inputs.pixels)


def _first(batch: Batch[Any, Any]) -> Batch[Any, Any]:
    if not isinstance(batch.inputs, Image):
        return batch
    return Batch(batch.cases[:1], dataclasses.replace(batch.inputs, pixels=batch.inputs.pixels[:1]))


def _device(wanted: str) -> torch.device | None:
    """None where the machine has none."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    name = next(name for name in ("cuda", "mps", "cpu") if there[name]) if wanted == "auto" else wanted
    return torch.device(name) if there[name] else None
