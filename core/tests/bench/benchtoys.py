"""A plugin of one file: models whose costs can be counted by hand, and some that fail in one way or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from medai.api import DatasetSpec, MetricSpec, ModelSpec, Recipe, Slot, Split, Train, hookimpl, use
from medai.api import Protocol as Rules
from medai.tasks import Batch, Case, Image, Row, Sample, Value


class Pictures:
    """Images of 16 x 16 in HU."""

    def __init__(self, root: str | None = None) -> None:
        self._cases = [Case(f"c{n}", f"g{n}") for n in range(12)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        clean = torch.full((1, 16, 16), float(case.id[1:]))
        return Sample(case, Image(clean + 1, "HU"), Image(clean, "HU"))


class Rows:
    """Rows of three values; it has no data of its own but stub data."""

    def __init__(self, root: str | None = None) -> None:
        self.root = root

    def cases(self) -> Sequence[Case]:
        return [Case(f"c{n}", f"g{n}") for n in range(6)]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, Value]:
        return Sample(case, Row(torch.ones(3), ("a", "b", "c")), Value(torch.ones(2), ("x", "y")))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        (root / "rows.txt").write_text("3", encoding="utf-8")


class Net(nn.Module):
    """A 3x3 convolution to some filters and a 1x1 convolution back, whose bias is not trained: 13 parameters a filter and one."""

    def __init__(self, filters: int = 4) -> None:
        super().__init__()
        self.look = nn.Conv2d(1, filters, 3, padding=1)
        self.gather = nn.Conv2d(filters, 1, 1)
        assert self.gather.bias is not None
        self.gather.bias.requires_grad_(False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.gather(self.look(pixels))
        return found


class Adversary(nn.Module):
    """A generator of 10 parameters and a critic of 65, in turns."""

    turns = ("critic", "generator")

    def __init__(self) -> None:
        super().__init__()
        self.generator, self.critic = nn.Conv2d(1, 1, 3, padding=1), nn.Linear(64, 1)

    def parameters_for(self, turn: str) -> Iterator[nn.Parameter]:
        return getattr(self, turn).parameters()  # type: ignore[no-any-return]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.generator(pixels)
        return found


class Wide(nn.Module):
    """A convolution that needs nine pixels each way."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(1, 1, 9)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels + self.look(pixels).mean()


class Hungry(nn.Module):
    """Answers one image with 64 MiB to spare; says that memory runs out where there are more."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if len(pixels) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")
        return pixels * self.weight + torch.ones(16, 1024, 1024)[0, 0, 0]


class Asked(nn.Module):
    """Answers by `predict` alone."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(1, 1, 1)

    def predict(self, batch: Batch[Image, Image]) -> list[Image]:
        return [Image(pixels.cpu(), "HU") for pixels in self.look(batch.inputs.pixels)]


class Same:
    """Learns nothing, and is no torch module."""

    def predict(self, batch: Batch[Image, Image]) -> list[Image]:
        return [Image(pixels, "HU") for pixels in batch.inputs.pixels]


class Mean:
    """Answers the mean of what it was fitted to."""

    def fit(self, train: Any, valid: Any, context: Any) -> Iterator[Any]:
        self.mean = 0.0
        yield from ()

    def predict(self, batch: Batch[Image, Image]) -> list[Image]:
        return [Image(pixels * 0 + self.mean, "HU") for pixels in batch.inputs.pixels]


class Linear(nn.Module):
    """Three values to two."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layer(values)
        return found


class Weights:
    """A metric of models that looks into the module itself."""

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        return {"layers": float(len(list(model.look.parameters()))), "cases": float(len(batch.cases))}


@hookimpl
def medai_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(name="pictures", target="benchtoys:Pictures", summary="pictures", task="restoration"),
        DatasetSpec(name="rows", target="benchtoys:Rows", summary="rows", task="regression"),
    ]


@hookimpl
def medai_models() -> list[ModelSpec]:
    images = {
        "net": "Net",
        "adversary": "Adversary",
        "wide": "Wide",
        "hungry": "Hungry",
        "asked": "Asked",
        "same": "Same",
        "mean": "Mean",
    }
    return [
        *(ModelSpec(name=name, target=f"benchtoys:{held}", summary=name, task="restoration") for name, held in images.items()),
        ModelSpec(name="linear", target="benchtoys:Linear", summary="linear", task="regression", inputs=("row",)),
        ModelSpec(name="unnamed", target="benchtoys:Linear", summary="of no recipe", task="regression", inputs=("row",)),
    ]


@hookimpl
def medai_metrics() -> list[MetricSpec]:
    return [MetricSpec(name="weights", target="benchtoys:Weights", summary="layers", of="model")]


@hookimpl
def medai_recipes() -> list[Recipe]:
    pictures = {"pictures": Slot(folder=use("benchtoys/pictures"), embedded=use("benchtoys/pictures"))}
    train = Train(batch=4, steps=1, optimizers={"all": use("Adam", lr=1e-3)})
    rules = Rules(split=Split(valid=0.25, test=0.25), metrics=(use("medai/rmse"),), options={"unit": "HU", "window": (0, 20)})
    return [
        Recipe(
            name="toy",
            task="restoration",
            model=use("benchtoys/net", filters=8),
            loss=use("standard/mse"),
            data=pictures,
            train=train,
            protocol=rules,
            scales={"quick": {"model": {"filters": 2}}},
        ),
        Recipe(name="same", task="restoration", model=use("benchtoys/same"), data=pictures, protocol=rules),
        Recipe(name="table", task="regression", model=use("benchtoys/linear"), data={"rows": Slot(folder=use("benchtoys/rows"))}),
        Recipe(
            name="later", task="restoration", model=use("benchtoys/net"), data=pictures, upstream={"toy": "benchtoys/toy"}, protocol=rules
        ),
    ]
