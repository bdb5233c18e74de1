"""For tasks of medai's: planes with a bright square, and sequences whose ends pair."""

from collections.abc import Sequence as SequenceOf
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from medai.errors import DataError
from medai.inference import Fit
from medai.io import ImageHeader, image_header, open_images, open_sequences, read_image, write_image, write_text
from medai.tasks import Batch, Boxes, Calibration, Case, Image, Mask, Origin, Pairs, Sample, Sequence

_SIZE = 20


def _square(seed: int, index: int) -> tuple[int, int]:
    top, left = np.random.default_rng([seed, index]).integers(2, _SIZE - 8, 2)
    return int(top), int(left)


class Spots:
    """`NAME.nii.gz`, and `NAME.txt` with the row and column where a square of 6 x 6 begins."""

    def __init__(self, root: Path, answer: Literal["boxes", "mask"]) -> None:
        self._root, self._answer = Path(root), answer
        self._source = open_images(sorted(self._root.glob("*.nii.gz")))

    def cases(self) -> SequenceOf[Case]:
        return [Case(path.name.split(".")[0], path.name.split(".")[0]) for path in sorted(self._root.glob("*.nii.gz"))]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        path = self._root / f"{case.id}.nii.gz"
        header: ImageHeader = image_header(path)
        if header.shape != (1, _SIZE, _SIZE) or len(self._source.cases()) == 0:
            raise DataError(f"is of shape {header.shape}", path)
        image = read_image(path)
        top, left = map(int, (self._root / f"{case.id}.txt").read_text().split())
        plane = Image(image.pixels, "0..1", Origin(files=(path,), calibrations=(Calibration((0, 0, _SIZE, _SIZE), (0.5, 0.5), "2D"),)))
        return Sample(case, plane, self._reference(top, left))

    def _reference(self, top: int, left: int) -> Boxes | Mask:
        if self._answer == "boxes":
            return Boxes(torch.tensor([[left, top, left + 6, top + 6]], dtype=torch.float32), torch.zeros(1, dtype=torch.int64))
        labels = torch.zeros(_SIZE, _SIZE, dtype=torch.int64)
        labels[top : top + 6, left : left + 6] = 1
        return Mask(labels)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        Path(root).mkdir(parents=True, exist_ok=True)
        for index in range(n):
            top, left = _square(seed, index)
            pixels = torch.rand(1, 1, _SIZE, _SIZE, generator=torch.Generator().manual_seed(index)) / 4
            pixels[..., top : top + 6, left : left + 6] += 0.6
            write_image(Path(root) / f"spot{index}.nii.gz", Image(pixels, "0..1"), Origin(affine=np.eye(4), spacing=(1.0, 1.0, 1.0)))
            write_text(Path(root) / f"spot{index}.txt", f"{top} {left}\n")


class Finder:
    """One box around what is brighter than `level`, found in a frame of another size."""

    def __init__(self, level: float = 0.5) -> None:
        self.level = level

    def predict(self, batch: Batch) -> list[Boxes]:
        fit = Fit.of(batch.inputs.pixels.shape[-2:], (40, 40))
        return [self._box(picture, fit) for picture in fit.image(batch.inputs.pixels.cpu())]

    def _box(self, picture: torch.Tensor, fit: Fit) -> Boxes:
        rows, columns = (picture[0] > self.level).nonzero().unbind(1)
        if not len(rows):
            return Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0))
        box = torch.tensor([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], dtype=torch.float32)
        return Boxes(fit.restore_boxes(box), torch.zeros(1, dtype=torch.int64), torch.ones(1))


class Bright:
    def __init__(self, level: float = 0.5) -> None:
        self.level = level

    def predict(self, batch: Batch) -> list[Mask]:
        return [Mask((picture[0] > self.level).long()) for picture in batch.inputs.pixels.cpu()]


class Strands:
    """`strands.fa`, and `strands.txt` with brackets for each, a line each."""

    def __init__(self, root: Path) -> None:
        self._source = open_sequences([Path(root) / "strands.fa"])
        self._brackets = (Path(root) / "strands.txt").read_text().split()

    def cases(self) -> SequenceOf[Case]:
        return self._source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        given = self._source.read(case, rng).inputs
        place = [each.id for each in self.cases()].index(case.id)
        return Sample(case, Sequence(given.letters), Pairs.from_brackets(self._brackets[place]))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        Path(root).mkdir(parents=True, exist_ok=True)
        stems = [3 + index % 3 for index in range(n)]
        write_text(Path(root) / "strands.fa", "".join(f">s{index}\n{'G' * stem}AAAA{'C' * stem}\n" for index, stem in enumerate(stems)))
        write_text(Path(root) / "strands.txt", "".join(f"{'(' * stem}....{')' * stem}\n" for stem in stems))


class Hairpin:
    """The ends pair with one another, up to a loop of four."""

    def predict(self, batch: Batch) -> list[Pairs]:
        return [self._fold(len(item.letters)) for item in batch.inputs]

    def _fold(self, length: int) -> Pairs:
        found = Pairs.of(((place, length - 1 - place) for place in range(max(0, (length - 4) // 2))), length)
        return Pairs.from_brackets(found.to_brackets())
