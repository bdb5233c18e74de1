"""Patches, what an earlier run made of an image, and values between two levels."""

from collections.abc import Sequence

import numpy as np

from medai.errors import UsageError
from medai.io import window
from medai.tasks import Case, Dataset, Image, Run, Sample, View


class Corners(View):
    """A square of `size` pixels somewhere, the same of input and reference."""

    def __init__(self, source: Dataset, size: int = 16) -> None:
        if size < 2:
            raise UsageError(f"size = {size}: a patch has two pixels at least")
        super().__init__(source)
        self.size = size

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        whole = self.source.read(case, rng)
        top, left = (int(rng.integers(0, extent - self.size + 1)) for extent in whole.inputs.pixels.shape[-2:])
        cut = [image.pixels[..., top : top + self.size, left : left + self.size] for image in (whole.inputs, whole.reference)]
        return Sample(whole.case, Image(cut[0], whole.inputs.unit), Image(cut[1], whole.reference.unit))


class Cleaned(View):
    """The source's images as the run of another recipe answers them."""

    def __init__(self, source: Dataset, first: Run) -> None:
        super().__init__(source)
        self.first = first

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        sample = self.source.read(case, rng)
        (answer,) = self.first.predict([sample])
        return Sample(sample.case, Image(answer.pixels, answer.unit, sample.origin), sample.reference, sample.origin)


class Soft:
    """A view that derives from nothing of medai's: each case in two halves, from -200 to 200 HU as 0..1."""

    def __init__(self, source: Dataset) -> None:
        self._source = source
        self._whole: dict[str, Case] = {}

    def cases(self) -> Sequence[Case]:
        halves = []
        for case in self._source.cases():
            for half in ("left", "right"):
                self._whole[f"{case.id}-{half}"] = case
                halves.append(Case(f"{case.id}-{half}", case.group, case.split, case.attributes, whole=case.id))
        return halves

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        if not self._whole:
            self.cases()
        whole = self._source.read(self._whole.get(case.id, case), rng)
        return Sample(case, *(self._half(image, case.id) for image in (whole.inputs, whole.reference) if image is not None))

    def _half(self, image: Image, id: str) -> Image:
        middle = image.pixels.shape[-1] // 2
        cut = image.pixels[..., :middle] if id.endswith("left") else image.pixels[..., middle:]
        return window(Image(cut, image.unit), -200, 200)
