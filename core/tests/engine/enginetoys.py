"""A plugin of one file with small components, and what the engine's tests build with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Slot, Split, Train, hookimpl, use
from medai.api import Protocol as Rules
from medai.errors import DataError
from medai.tasks import Batch, Case, Context, Dataset, Image, Progress, Sample
from medai.tasks.restoration import Restoration


class Points:
    """Pairs of grey images; the input is the reference with noise from the generator."""

    def __init__(
        self,
        root: str | None = None,
        count: int = 12,
        groups: int = 6,
        bad: tuple[str, ...] = (),
        missing: tuple[str, ...] = (),
        broken: tuple[str, ...] = (),
        unlabelled: tuple[str, ...] = (),
        marked: tuple[str, ...] = (),
    ) -> None:
        self.root, self.bad, self.missing, self.broken, self.unlabelled = root, bad, missing, broken, unlabelled
        if root is not None and not Path(root).is_dir():
            raise DataError("is no folder", root)
        self._cases = [
            Case(f"c{n}", f"g{n % groups}", attributes={"mark": float(f"c{n}" in marked)} if marked else {}) for n in range(count)
        ]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        if case.id in self.bad:
            raise DataError("is spoilt", f"/home/jane-doe/{case.id}.dcm")
        if case.id in self.missing:
            raise FileNotFoundError(2, "No such file or directory", f"/home/jane-doe/{case.id}.dcm")
        if case.id in self.broken:
            raise ZeroDivisionError("a slip")
        clean = torch.linspace(0, 1, 64).reshape(1, 8, 8) * int(case.id[1:]) / 10
        noise = torch.from_numpy(rng.normal(0, 0.1, (1, 8, 8)).astype(np.float32))
        return Sample(case, Image(clean + noise, "0..1"), None if case.id in self.unlabelled else Image(clean, "0..1"))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        (root / "stub.txt").write_text(f"{n} {seed}", encoding="utf-8")


class Doubled:
    """A view."""

    def __init__(self, source: Dataset[Any, Any], times: int = 2, label: str = "x") -> None:
        self.source, self.times, self.label = source, times, label

    def cases(self) -> Sequence[Case]:
        return self.source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return self.source.read(case, rng)


class Plain(nn.Module):
    """Two convolutions with dropout between."""

    def __init__(self, width: int = 3, dropout: float = 0.0) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.Tanh(), nn.Dropout(dropout), nn.Conv2d(width, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(pixels)
        return found


class Turning(nn.Module):
    """A critic twice, then a generator; part of the generator is frozen for good."""

    turns = ("critic", "critic", "generator")

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 1, 1))
        self.generator[0].requires_grad_(False)
        self.critic = nn.Conv2d(1, 1, 8)
        self.seen: list[tuple[str, bool, bool]] = []

    def parameters_for(self, turn: str) -> Iterator[nn.Parameter]:
        return getattr(self, turn).parameters()  # type: ignore[no-any-return]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.generator(pixels)
        return found

    def training_step(self, batch: Batch[Image, Image], loss: Any, turn: str) -> Mapping[str, torch.Tensor]:
        self.seen.append((turn, self.critic.weight.requires_grad, bool(self.generator[1].weight.requires_grad)))
        assert batch.reference is not None
        answer = self.generator(batch.inputs.pixels)
        if turn == "critic":
            return {"critic": self.critic(answer.detach()).mean() - self.critic(batch.reference.pixels).mean()}
        return {"adversarial": -self.critic(answer).mean(), "pixel": loss(answer, batch.reference.pixels)}


class Perceptual(nn.Module):
    """A loss with a network of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.5))

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = ((self.features(output) - self.features(target)) ** 2).mean()
        return found


@dataclass
class Settings:
    """Parameters of a type of their own."""

    rate: float = 1.0


class Demanding:
    """A loss whose constructor has one of each kind of parameter."""

    def __init__(
        self,
        weight: float,
        window: tuple[int, int] = (0, 1),
        kind: str = "mean",
        inner: Any = None,
        parts: tuple[Any, ...] = (),
        settings: Settings | None = None,
        flag: bool = False,
        many: Mapping[str, Any] | None = None,
    ) -> None:
        self.weight, self.window, self.kind, self.inner, self.parts = weight, window, kind, inner, parts
        self.settings, self.flag, self.many = settings, flag, many

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((output - target) ** 2).mean() * self.weight


class Exploding:
    """A loss that is not a number from its nth call on."""

    def __init__(self, at: int) -> None:
        self.at, self.calls = at, 0

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return ((output - target) ** 2).mean() * (float("nan") if self.calls >= self.at else 1.0)


class MeanError:
    """Mean squared error of all pixels of all cases."""

    better: Literal["higher", "lower"] = "lower"

    def case(self, prediction: Image, sample: Sample[Any, Any]) -> tuple[float, int]:
        assert sample.reference is not None
        error = (prediction.pixels - sample.reference.pixels).double()
        return float((error**2).sum()), error.numel()

    def total(self, parts: Sequence[tuple[float, int]]) -> Mapping[str, float]:
        return {"mse": sum(part[0] for part in parts) / sum(part[1] for part in parts)}


class Biased(MeanError):
    """The mean error of predictions that are raised by what served best on validation."""

    def __init__(self, raised: float = 0.0) -> None:
        self.raised = raised

    def case(self, prediction: Image, sample: Sample[Any, Any]) -> Any:
        assert sample.reference is not None
        error = (sample.reference.pixels - prediction.pixels).double()
        return float(error.sum()), float((error**2).sum()), error.numel()

    def total(self, parts: Sequence[Any]) -> Mapping[str, float]:
        total, square, count = (sum(part[place] for part in parts) for place in range(3))
        return {"raised-mse": square / count - 2 * self.raised * total / count + self.raised**2}

    def settled(self, parts: Sequence[Any]) -> Mapping[str, Any]:
        return {"raised": sum(part[0] for part in parts) / sum(part[2] for part in parts)}


class LastLoss:
    """The last loss that was logged."""

    better = "lower"

    def measure(self, journal: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
        losses = [line["loss"] for line in journal if line["kind"] == "train"]
        return {"last-loss": losses[-1] if losses else float("nan")}


class Raising:
    """Would write predictions raised."""

    def __init__(self, raised: float = 0.0) -> None:
        self.raised = raised

    def write(self, rows: Any, folder: Path) -> list[Path]:
        return []


class Counted(Points):
    """Points with fewer parameters, one of another meaning, and one that may be left unset."""

    def __init__(self, root: str | None = None, count: int = 12, groups: float = 0.5, bad: tuple[str, ...] | None = None) -> None:
        super().__init__(root, count, max(1, int(groups * count)), bad or ())


class Same:
    """Learns nothing and answers its input."""

    def predict(self, batch: Batch[Image, Image]) -> list[Image]:
        return [Image(pixels, "0..1") for pixels in batch.inputs.pixels]


@hookimpl
def medai_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(name="points", target="enginetoys:Points", summary="points", task="medai/restoration"),
        DatasetSpec(name="counted", target="enginetoys:Counted", summary="points, of which their number alone can be said"),
        DatasetSpec(name="doubled", target="enginetoys:Doubled", summary="a view"),
    ]


@hookimpl
def medai_models() -> list[ModelSpec]:
    return [
        ModelSpec(name="plain", target="enginetoys:Plain", summary="plain", task="medai/restoration"),
        ModelSpec(name="turning", target="enginetoys:Turning", summary="in turns", task="medai/restoration"),
        ModelSpec(name="same", target="enginetoys:Same", summary="the input", task="medai/restoration"),
        # Of the same id as a dataset: ids are unique per kind.
        ModelSpec(name="doubled", target="enginetoys:Plain", summary="plain", task="medai/restoration"),
    ]


def error(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (output - target).abs().mean()


def lax_error(output: float = 1.0, target: float = 0.0) -> float:
    return output - target


@hookimpl
def medai_losses() -> list[LossSpec]:
    return [
        LossSpec(name="demanding", target="enginetoys:Demanding", summary="a loss"),
        LossSpec(name="perceptual", target="enginetoys:Perceptual", summary="a loss with a network"),
        LossSpec(name="itself", target="enginetoys:error", summary="a function that is a loss, and not a target"),
        LossSpec(name="lax", target="enginetoys:lax_error", summary="the same with defaults"),
    ]


@hookimpl
def medai_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(name="mean-error", target="enginetoys:MeanError", summary="mse", task="medai/restoration"),
        MetricSpec(name="biased", target="enginetoys:Biased", summary="mse at the best shift", task="medai/restoration"),
        MetricSpec(name="last-loss", target="enginetoys:LastLoss", summary="the last loss", of="training"),
    ]


@hookimpl
def medai_exporters() -> list[ExporterSpec]:
    return [ExporterSpec(name="raising", target="enginetoys:Raising", summary="predictions, raised", task="medai/restoration")]


@hookimpl
def medai_recipes() -> list[Recipe]:
    return [
        Recipe(
            name="denoise",
            task="medai/restoration",
            model=use("enginetoys/plain", width=4),
            loss=use("enginetoys/demanding", weight=1.0, kind="sum"),
            data={
                "pairs": Slot(
                    folder=use("enginetoys/doubled", source=use("enginetoys/points", count=10)), embedded=use("enginetoys/points")
                )
            },
            train=Train(batch=2, epochs=3, optimizers={"all": use("Adam", lr=1e-5, weight_decay=0.5)}, views=(use("enginetoys/doubled"),)),
            protocol=Rules(split=Split(valid=0.2, test=0.2), metrics=(use("enginetoys/mean-error"),)),
            scales={
                "quick": {"train": {"steps": 6, "optimizers": {"all": use("Adam", lr=1e-2)}}},
                "small": {"train.steps": 9},
            },
        )
    ]


@dataclass
class Bench:
    """What a learner is driven with in these tests."""

    root: Path
    notes: list[str] = field(default_factory=list)

    def context(self, train: Train, loss: Any = None) -> Context:
        from medai._engine.device import accelerator_for

        device = torch.device("cpu")
        return Context(
            device=device,
            seed=3,
            train=train,
            task=Restoration(),
            loss=loss or nn.MSELoss(),
            accelerator=accelerator_for(device, train.precision)[0],
            note=self.notes.append,
            folder=self.root / "scratch",
        )


def feed_of(dataset: Any, *, part: str = "train", workers: int = 0, budget: float = 0.1, seed: int = 3) -> Any:
    """The dataset as a feed."""
    from medai._engine.feed import CaseFeed, Quarantine

    return CaseFeed(dataset, Restoration(), part=part, seed=seed, workers=workers, quarantine=Quarantine(budget))


def learner_of(module: nn.Module, kind: Any = None) -> Any:
    """The module with the engine's adapter."""
    from medai._engine.module import ModuleLearner

    return (kind or ModuleLearner)(module, Restoration(), use("enginetoys/plain"))


def plain(**parameters: Any) -> Plain:
    """A net whose weights are the same at each call."""
    torch.manual_seed(0)
    return Plain(**parameters)


def steps_of(progress: Iterator[Progress]) -> list[Progress]:
    """All of them."""
    return list(progress)
