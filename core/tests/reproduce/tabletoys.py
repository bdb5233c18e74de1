"""A plugin of one file with a table, whose methods take no time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from medai.api import Cell, Chart, Claim, DatasetSpec, LossSpec, ModelSpec, Recipe, Slot, Split, Table, Train, hookimpl, use
from medai.api import Protocol as Rules
from medai.errors import DataError
from medai.tasks import Batch, Case, Image, Sample


class Pairs:
    """Grey images with noise of a strength, a subject each; a folder holds its number of subjects in `count.txt`,
    and behind it what is warned of."""

    def __init__(self, root: str | None = None, count: int = 12, noise: float = 0.1, name: str = "p") -> None:
        if root is not None:
            path = Path(root) / "count.txt"
            if not path.exists():
                raise DataError("there is no count.txt", root)
            said = path.read_text(encoding="utf-8").split()
            count = int(said[0])
            for doubt in said[1:]:
                warnings.warn(doubt, stacklevel=2)
        self._noise, self._name = noise, name
        self._cases = [Case(f"{name}{n}/0", f"{name}{n}", "test" if n % 2 else "train") for n in range(count)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        own = np.random.default_rng(int(case.group.removeprefix(self._name)))
        clean = torch.from_numpy(own.random((1, 12, 12), dtype=np.float32)) * 0.5 + 0.2
        noise = torch.from_numpy(own.normal(0, self._noise, (1, 12, 12)).astype(np.float32))
        return Sample(case, Image(clean + noise, "0..1"), Image(clean, "0..1"))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        (root / "count.txt").write_text(str(n), encoding="utf-8")


class Same:
    """The input itself."""

    def predict(self, batch: Batch[Image, Image]) -> list[Image]:
        return [Image(pixels, batch.inputs.unit) for pixels in batch.inputs.pixels]


class Net(nn.Module):
    """A weight and an offset, or nothing that is a number."""

    def __init__(self, broken: bool = False, more: int = 0) -> None:
        super().__init__()
        self.more = nn.Parameter(torch.zeros(more)) if more else None
        self.inner = nn.Conv2d(1, 1, 1)
        self.broken = broken

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(pixels)
        return found * float("nan") if self.broken else found


class Squares:
    """The mean of the squared differences."""

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((output - target) ** 2).mean()


FIRST = Slot(folder=use("tabletoys/pairs"), embedded=use("tabletoys/pairs"))
SECOND = Slot(folder=use("tabletoys/pairs", name="q", noise=0.2), embedded=use("tabletoys/pairs", name="q", noise=0.2))
RULES = Rules(split=Split(valid=0.1), metrics=(use("medai/psnr"), use("medai/rmse")))
TRAIN = Train(batch=4, steps=20, optimizers={"all": use("Adam", lr=0.05)}, validate_every=10)


def _recipe(name: str, *, learns: bool = True, **model: Any) -> Recipe:
    return Recipe(
        name=name,
        task="restoration",
        model=use("tabletoys/net" if learns else "tabletoys/same", **model),
        data={"pairs": FIRST},
        protocol=RULES,
        protocols={"paper": {"split": {"valid": "test"}}, "honest": {}},
        loss=use("tabletoys/squares") if learns else None,
        train=TRAIN if learns else None,
        baselines=(use("tabletoys/same"),) if learns else (),
        scales={"quick": {"model": {"more": 5}, "train": {"steps": 10}}} if learns else {},
    )


@hookimpl
def medai_datasets() -> list[DatasetSpec]:
    return [DatasetSpec(name="pairs", target="tabletoys:Pairs", summary="pairs", task="restoration")]


@hookimpl
def medai_models() -> list[ModelSpec]:
    return [
        ModelSpec(name="same", target="tabletoys:Same", summary="the input", task="restoration"),
        ModelSpec(name="net", target="tabletoys:Net", summary="two numbers", task="restoration"),
    ]


@hookimpl
def medai_losses() -> list[LossSpec]:
    return [LossSpec(name="squares", target="tabletoys:Squares", summary="squares", task="restoration")]


@hookimpl
def medai_recipes() -> list[Recipe]:
    return [_recipe("input", learns=False), _recipe("net"), _recipe("broken", broken=True)]


def _cell(row: str, column: str, reported: float | None, data: str = "first", metric: str = "psnr", **more: Any) -> Cell:
    recipe = {"LDCT": "tabletoys/input", "Net": "tabletoys/net", "Broken": "tabletoys/broken"}[row]
    return Cell(row=row, column=column, reported=reported, recipe=recipe, metric=metric, data={"pairs": data} if data else {}, **more)


def _table(name: str, *cells: Cell, **more: Any) -> Table:
    given: dict[str, Any] = {"data": {"first": FIRST, "second": SECOND, "second:all": SECOND}, "protocol": "paper", **more}
    return Table(name=name, title="A table.", task="restoration", cells=cells, source="Smith 2026, Table 1", **given)


@hookimpl
def medai_tables() -> list[Table]:
    return [
        _table(
            "table-1",
            _cell("LDCT", "PSNR", 20.0),
            _cell("LDCT", "RMSE", 1.0, metric="rmse"),
            _cell("LDCT", "PSNR elsewhere", 0.0, test="second"),
            _cell("Net", "PSNR", 20.0, note="printed twice"),
            _cell("Net", "RMSE", 0.0, metric="rmse"),
            _cell("Net", "PSNR elsewhere", 20.0, test="second", incomparable="nobody knows the dose"),
            _cell("Net", "Parameters", 2, data="", metric="medai/parameters"),
            _cell("Net", "Mean", 15.0, averaged_with=({"pairs": "second"},)),
            charts=(
                Chart(title="Mean against parameters", columns=("Mean",), against="Parameters"),
                Chart(title="Bars", columns=("PSNR",)),
            ),
            claims=(Claim(text="twice the PSNR", column="PSNR", pairs=(("Net", "LDCT"),)),),
            note="the table as a whole",
        ),
        _table("table-2", _cell("Net", "PSNR", 20.0), _cell("Broken", "PSNR", 20.0)),
        _table("table-3", _cell("LDCT", "PSNR", 20.0, groups=("p3", "p5")), _cell("LDCT", "All", 20.0)),
        _table("table-4", _cell("LDCT", "Here", 20.0), _cell("LDCT", "There", 14.0, data="second")),
        _table("table-5", _cell("Net", "PSNR", 20.0, groups=("p5",))),
        _table(
            "mixed",
            _cell("LDCT", "PSNR", 1.0),
            _cell("Net", "RMSE", 1.0, metric="rmse", overrides={"protocol.metrics": [{"use": "medai/rmse"}]}),
        ),
    ]
