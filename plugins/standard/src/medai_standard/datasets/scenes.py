"""Embedded pictures for every task: drawn, not scanned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks import Boxes, Case, Image, Label, Mask, Origin, Sample, Value
from medai_standard.datasets.drawing import CLASSES, WIDTH, Scene, draw

Reference = Literal["label", "mask", "boxes", "kinds", "image", "value"]
_FACTS: Mapping[str, Mapping[str, object]] = {
    "label": {"model.classes": 2, "protocol.options.classes": list(CLASSES)},
    "boxes": {"model.classes": 1, "protocol.options.classes": ["lesion"]},
    "kinds": {"model.classes": 2, "protocol.options.classes": list(CLASSES)},
    "mask": {"model.classes": 2, "protocol.options.classes": ["background", "lesion"]},
    "image": {},
    "value": {"model.classes": 1, "model.network.classes": 1},
}


class Scenes:
    """Ultrasound-like pictures in 0..1, (1, size, size), over 40 mm: speckled tissue with one to three lesions of one kind, smooth with
    enhancement behind them (benign) or spiculated with a shadow (malignant). A picture depends on `seed` and its case alone.

    Args:
        reference: what is asked: `label` (0 benign, 1 malignant), `mask` (1 lesion), `boxes` (of one class, lesion), `kinds` (boxes, 0
            benign, 1 malignant), `image` (the tissue's echo without the speckle) or `value` (`area`: of all lesions together, in square
            centimetres).
        patients: each is a group, and has lesions of one kind.
        pictures: of each patient.
        lesions: most in a picture.
        size: pixels along each side.
        seed: other patients.
    """

    def __init__(
        self, reference: Reference, patients: int = 48, pictures: int = 2, lesions: int = 3, size: int = 128, seed: int = 0
    ) -> None:
        if min(patients, pictures, lesions) < 1 or size < 32:
            raise UsageError("patients, pictures and lesions are at least 1, and size at least 32")
        self.reference, self.patients, self.pictures, self.lesions = reference, patients, pictures, lesions
        self.size, self.seed = size, seed

    @property
    def facts(self) -> Mapping[str, object]:
        """The classes: how many and their names."""
        return _FACTS[self.reference]

    def cases(self) -> Sequence[Case]:
        """`patients` x `pictures` cases."""
        # Patients of another seed are others, so that they are no leak beside these.
        name = f"scene-{self.seed}" if self.seed else "scene"
        groups = [f"{name}-{patient:03d}" for patient in range(self.patients)]
        return [Case(f"{group}-{picture}", group) for group in groups for picture in range(self.pictures)]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        """The picture and its answer; `rng` is not used, because a scene is the same at every reading."""
        scene = self.scene(case)
        step = WIDTH / self.size
        picture = Image(torch.from_numpy(scene.speckled)[None], "0..1", Origin(spacing=(step, step)))
        return Sample(case, picture, self._answer(scene))

    def scene(self, case: Case) -> Scene:
        """What is drawn for a case."""
        kind = int(case.group.rpartition("-")[2]) % 2
        rng = self._generator(case.id)
        return draw(kind, int(rng.integers(1, self.lesions + 1)), self.size, rng)

    def _answer(self, scene: Scene) -> Any:
        match self.reference:
            case "label":
                return Label(int(scene.kinds.max()))
            case "mask":
                return Mask(torch.from_numpy(scene.labels))
            case "boxes":
                return Boxes(torch.from_numpy(scene.boxes), torch.zeros(len(scene.boxes), dtype=torch.int64))
            case "kinds":
                return Boxes(torch.from_numpy(scene.boxes), torch.from_numpy(scene.kinds))
            case "image":
                return Image(torch.from_numpy(scene.clean)[None], "0..1")
            case "value":
                return Value(torch.tensor([scene.area], dtype=torch.float32), ("area",))

    def _generator(self, name: str) -> np.random.Generator:
        key = hashlib.blake2b(f"{self.seed} {name}".encode(), digest_size=16).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
