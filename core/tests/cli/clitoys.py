"""A plugin of one file, for what the command line does with components that are wrong."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from medai.api import DatasetSpec, LossSpec, ModelSpec, Recipe, Slot, Split, Train, hookimpl, use
from medai.api import Protocol as Rules
from medai.errors import DataError
from medai.tasks import Case, Dataset, Image, Sample

_UNIT = "HU"


class Pairs:
    """Pairs of images of a subject each; those named in `bad` cannot be read."""

    def __init__(self, root: str | None = None, count: int = 12, bad: tuple[str, ...] = ()) -> None:
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
