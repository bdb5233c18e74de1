"""A plugin of one file, for what the command line does with components that are wrong."""

from __future__ import annotations

import dataclasses
import errno
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from medai.api import DatasetSpec, ExporterSpec, LossSpec, ModelSpec, Recipe, Slot, Split, Train, hookimpl, use
from medai.api import Protocol as Rules
from medai.errors import DataError
from medai.tasks import Batch, Case, Dataset, Image, Sample, Trained

_UNIT = "HU"


class Pairs:
    """Pairs of images of a subject each; those named in `bad` cannot be read, and `doubt` is warned of."""

    def __init__(self, root: str | None = None, count: int = 12, bad: tuple[str, ...] = (), doubt: str = "") -> None:
        if doubt:
            warnings.warn(doubt, stacklevel=2)
        self._cases, self._bad = [Case(f"c{n}", f"g{n}", "train" if n < 8 else "test") for n in range(count)], bad

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        if case.id in self._bad:
            raise DataError("is spoilt", f"/somewhere/{case.id}.dcm")
        clean = torch.full((1, 16, 16), float(case.id[1:]))
        return Sample(case, Image(clean + 1, _UNIT), Image(clean, _UNIT))


class Cut:
    """A view that cuts every case into several parts."""

    def __init__(self, source: Dataset[Any, Any], parts: int = 5) -> None:
        self._source, self._parts = source, parts

    def cases(self) -> Sequence[Case]:
        return [
            dataclasses.replace(case, id=f"{case.id}#{part}", whole=case.whole or case.id)
            for case in self._source.cases()
            for part in range(self._parts)
        ]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        (own,) = (item for item in self._source.cases() if item.id == case.whole)
        return dataclasses.replace(self._source.read(own, rng), case=case)


class Net(nn.Module):
    """A convolution that does something wrong, in training or in evaluation alone."""

    def __init__(
        self, fault: Literal["", "none", "shape", "raise", "exit", "memory"] = "", when: Literal["train", "eval"] = "train"
    ) -> None:
        super().__init__()
        self.inner = nn.Conv2d(1, 1, 1)
        self.fault, self.when = fault, when

    def forward(self, pixels: torch.Tensor) -> torch.Tensor | None:
        found: torch.Tensor = self.inner(pixels)
        if self.training != (self.when == "train"):
            return found
        if self.fault == "raise":
            raise ZeroDivisionError("a slip")
        if self.fault == "exit":
            sys.exit(3)
        if self.fault == "memory":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")
        return {"none": None, "shape": found[..., :5]}.get(self.fault, found)


class Empty(nn.Module):
    """A module without parameters."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels


class Squares:
    """The mean of the squared differences."""

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((output - target) ** 2).mean()


class Written:
    """Exports the convolution as two numbers, and spoils one thing or another of it."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        if self.fault == "disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        inner: Any = model.module.inner if model.module is not None else None
        if self.fault == "in place":
            with torch.no_grad():
                inner.weight.add_(0.5)
        weight, bias = float(inner.weight), float(inner.bias)
        path = folder / "net.json"
        path.write_text(json.dumps({"weight": weight + (0.5 if self.fault == "perturbed" else 0), "bias": bias}), encoding="utf-8")
        (folder / "notes").mkdir()
        (folder / "notes" / "read.me").write_text("w x + b", encoding="utf-8")
        return path

    def open(self, path: Path) -> Any:
        if self.fault == "no file":
            raise ValueError("not what it was")
        return object() if self.fault == "no predictor" else Numbers(**json.loads(path.read_text(encoding="utf-8")), fault=self.fault)


class Numbers:
    """The two numbers as a predictor."""

    def __init__(self, weight: float, bias: float, fault: str) -> None:
        self.weight, self.bias, self.fault = weight, bias, fault
        self.limits = ("fixed in the file: height 8",) if fault in ("sized", "another size") else ()

    def predict(self, batch: Batch[Any, Any]) -> list[Image]:
        given = batch.inputs.pixels[0]
        if self.fault == "another size":
            raise ValueError("of another height")
        answer = (given / 20 if self.fault == "normalisation" else given) * self.weight + self.bias
        answer = answer * float("nan") if self.fault == "no number" else answer
        return [Image(answer, _UNIT)] * (2 if self.fault == "two" else 1)


@hookimpl
def medai_exporters() -> list[ExporterSpec]:
    return [ExporterSpec(name="written", target="clitoys:Written", summary="two numbers", of="model")]


@hookimpl
def medai_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(name="pairs", target="clitoys:Pairs", summary="pairs", task="restoration"),
        DatasetSpec(name="cut", target="clitoys:Cut", summary="a view that cuts cases up"),
    ]


@hookimpl
def medai_models() -> list[ModelSpec]:
    return [
        ModelSpec(name="net", target="clitoys:Net", summary="a net", task="restoration"),
        ModelSpec(name="empty", target="clitoys:Empty", summary="nothing to learn", task="restoration"),
    ]


@hookimpl
def medai_losses() -> list[LossSpec]:
    return [LossSpec(name="squares", target="clitoys:Squares", summary="squares")]


@hookimpl
def medai_recipes() -> list[Recipe]:
    return [
        Recipe(
            name="toy",
            task="restoration",
            model=use("clitoys/net"),
            loss=use("clitoys/squares"),
            data={"pairs": Slot(folder=use("clitoys/pairs"), embedded=use("clitoys/pairs"))},
            train=Train(batch=4, steps=2, optimizers={"all": use("Adam", lr=1e-3)}),
            protocol=Rules(split=Split(valid=0.25, test=0.25), metrics=(use("medai/rmse"),), options={"unit": _UNIT, "window": (0, 20)}),
        )
    ]
