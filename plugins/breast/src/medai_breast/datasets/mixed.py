"""BUSI and BUS together: mixed, or one to train on and the other for the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from medai.tasks import Boxes, Case, Dataset, Image, Sample
from medai_breast.datasets.bus import Bus
from medai_breast.datasets.busi import Busi
from medai_breast.datasets.drawn import write_bus, write_busi
from medai_breast.datasets.pictures import Grey


class BusAndBusi:
    """The images of both, BUSI's first, with a box for each lesion; one folder holds both, as `breast/busi` and `breast/bus` find them:
    `Dataset_BUSI_with_GT/benign` ... and `BUS/original` ...

    Args:
        root: the folder.
        one_class: one class, `lesion`, in place of benign and malignant.

    Raises:
        DataError: as of either.
    """

    parts: tuple[str | None, str | None] = (None, None)
    """The part of the split that is published for BUSI's and for BUS's images."""

    def __init__(self, root: Path, one_class: bool = False) -> None:
        self._both = Busi(root, one_class), Bus(root, one_class)

    @property
    def facts(self) -> Mapping[str, object]:
        """The classes: how many and their names."""
        return self._both[0].facts

    def cases(self) -> Sequence[Case]:
        """A case per image."""
        return [replace(case, split=part) for dataset, part in zip(self._both, self.parts, strict=True) for case in dataset.cases()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Boxes]:
        """The image and its boxes.

        Raises:
            DataError: as of either.
        """
        busi, bus = self._both
        dataset = bus if case.attributes["dataset"] == "BUS" else busi
        return dataset.read(case, rng)

    @staticmethod
    def unlabelled(paths: Sequence[Path], one_class: bool = False) -> Dataset[Image, Boxes]:
        """Images in one grey channel; masks beside them are no cases."""
        return Grey(paths)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """Small images of both, `n` in all or two."""
        write_busi(Path(root) / "Dataset_BUSI_with_GT", max(1, n - n // 3), seed)
        write_bus(Path(root) / "BUS", max(1, n // 3), seed)


class BusiToBus(BusAndBusi):
    """BUSI's images to train on and those of BUS for the test, as a split that is published; otherwise as `breast/bus-busi-mixed`.

    Args:
        root: the folder that holds both.
        one_class: one class, `lesion`, in place of benign and malignant.

    Raises:
        DataError: as of either.
    """

    parts = ("train", "test")
