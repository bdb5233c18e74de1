"""A sound dataset of drawn images, and those that differ from it by a fault in what they read."""

from __future__ import annotations

import multiprocessing
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import get_worker_info

from medai.errors import DataError
from medai.tasks import Boxes, Case, Dataset, Image, Label, Origin, Row, Sample
from medai_broken_data.tasks import OddLabel


class Sound:
    """Images with a box, 24 x 32 pixels."""

    def __init__(self) -> None:
        self._cases = [Case(f"c{number}", f"p{number // 2}") for number in range(6)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        return self.sample(case, np.random.default_rng(int(case.id[1:])))

    def sample(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        pixels = torch.from_numpy(rng.random((1, 24, 32), dtype=np.float32))
        boxes = Boxes(torch.tensor([[4.0, 5, 12, 14]]), torch.zeros(1, dtype=torch.int64))
        return Sample(case, Image(pixels, "0..1", Origin(spacing=(0.5, 0.5))), boxes)


class OtherCase(Sound):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        return replace(super().read(case, rng), case=Case("another", case.group))


class WideImage(Sound):
    """float64 pixels."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample = super().read(case, rng)
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels.double()))


class BackgroundLabel(Sound):
    """The background counted as -1, beside the classes."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample = super().read(case, rng)
        assert sample.reference is not None
        return replace(sample, reference=Boxes(sample.reference.boxes, sample.reference.labels - 1))


class NoUnit(Sound):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample = super().read(case, rng)
        return replace(sample, inputs=replace(sample.inputs, unit=""))


class ScaleOfBytes(Sound):
    """0 to 255 under the name of 0..1."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample = super().read(case, rng)
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels * 255))


class WrongSpacing(Sound):
    """The spacing of one axis too many."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample, origin = super().read(case, rng), Origin(spacing=(3.0, 0.5, 0.5))
        return replace(sample, inputs=replace(sample.inputs, origin=origin), origin=origin)


class Unseeded(Sound):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        return self.sample(case, np.random.default_rng(secrets.randbits(64)))


class OwnGenerator(Sound):
    """One generator for all cases: a sample depends on how many were read before."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = np.random.default_rng(0)

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        return self.sample(case, self._rng)


class GlobalChance(Sound):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample = super().read(case, rng)
        noise = torch.rand(sample.inputs.pixels.shape)
        return replace(sample, inputs=replace(sample.inputs, pixels=(sample.inputs.pixels + noise) / 2))


class SeedsAll(Sound):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        torch.manual_seed(int(case.id[1:]))
        return super().read(case, rng)


class HoldsALambda(Sound):
    def __init__(self) -> None:
        super().__init__()
        self._scale = lambda pixels: pixels * 0.5


class DiesElsewhere(Sound):
    """Ends the process that it was sent to."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        if multiprocessing.parent_process() is not None:
            os._exit(3)
        return super().read(case, rng)


class HeedsWorkers(Sound):
    """In a loader's worker, the images are darker."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        sample = super().read(case, rng)
        pixels = sample.inputs.pixels if get_worker_info() is None else sample.inputs.pixels / 2
        return replace(sample, inputs=replace(sample.inputs, pixels=pixels))


class EndsElsewhere(Sound):
    """Leaves the process that it was sent to."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        if multiprocessing.parent_process() is not None:
            raise SystemExit(3)
        return super().read(case, rng)


class OddFacts(Sound):
    @property
    def facts(self) -> Mapping[str, object]:
        return {"model.classes": torch.tensor(1)}


class NoUnlabelled(Sound):
    """What it finds of unlabelled files is nothing."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        if not list(Path(root).glob("*.txt")):
            raise DataError("holds no .txt file", root)
        self._cases += [Case(f"c{number}", "p9") for number in range(6, 9)]

    @staticmethod
    def unlabelled(paths: Sequence[Path]) -> Dataset[Row, None]:
        return _Nothing()

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        (Path(root) / f"of-{seed}.txt").write_text(f"{n} cases of seed {seed}\n")


class _Nothing:
    def cases(self) -> Sequence[Case]:
        return []

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        raise NotImplementedError


class Labelled(Sound):
    """Sound: images with a class, for the tasks here."""

    def sample(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        sample = super().sample(case, rng)
        return replace(sample, reference=Label(int(case.id[1:]) % 2))


class OddlyLabelled(Labelled):
    """Sound but for the type of its reference, which is a task's fault."""

    def sample(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        return replace(super().sample(case, rng), reference=OddLabel(int(case.id[1:]) % 2))


class BadlyLabelled(Labelled):
    """Images in float64, which no task takes."""

    def sample(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        sample = super().sample(case, rng)
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels.double()))


class Unreadable(Labelled):
    """Fails on each of its cases."""

    def sample(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        raise KeyError(case.id)
