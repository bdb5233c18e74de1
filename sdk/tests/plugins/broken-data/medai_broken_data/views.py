"""Views over images, each with a fault in what it does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from medai.tasks import Case, Dataset, Image, Run, Sample, View


class Darker(View):
    """Sound: half the brightness."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels * 0.5))


class OfARun(View):
    """Sound: darker by what an earlier recipe's model says."""

    def __init__(self, source: Dataset[Any, Any], judge: Run) -> None:
        super().__init__(source)
        self._judge = judge

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        (scores,) = self._judge.predict([sample])
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels * scores.probabilities[0]))


class InPlace(View):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        # The same at each reading, so that only the source shows what was done.
        sample.inputs.pixels.clamp_(max=0.6)
        return sample


class LosesGroups(View):
    def cases(self) -> Sequence[Case]:
        return [Case(case.id, case.id, case.split) for case in self.source.cases()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return replace(Darker(self.source).read(case, rng), case=case)


class LosesFacts(Darker):
    @property
    def facts(self) -> dict[str, object]:
        return {}


class HidesFaults(View):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        try:
            return self.source.read(case, rng)
        except Exception as error:
            raise ValueError("no image") from error


class LosesAffine(View):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        return Sample(sample.case, Image(sample.inputs.pixels * 0.5, sample.inputs.unit), sample.reference)


class AffineNotFlipped(View):
    """Input and answer are flipped, and where they lie in the patient is not."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        inputs, reference = (replace(image, pixels=image.pixels.flip(-1)) for image in (sample.inputs, sample.reference))
        return replace(sample, inputs=inputs, reference=reference)


class ReferenceNotFlipped(View):
    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        width, origin = sample.inputs.pixels.shape[-1], sample.origin
        if origin is not None and origin.affine is not None:
            back = np.eye(4)
            back[1, 1], back[1, 3] = -1, width - 1
            origin = replace(origin, affine=origin.affine @ back)
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels.flip(-1), origin=origin), origin=origin)


class Blocks(View):
    """Sound: a small block of the image and of the answer, somewhere."""

    size, moves = 12, True

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        rows, columns = sample.inputs.pixels.shape[-2:]
        top, left = (int(rng.integers(0, max(1, length - self.size))) for length in (rows, columns))
        origin = sample.origin
        if self.moves and origin is not None and origin.affine is not None:
            back = np.eye(4)
            back[:2, 3] = top, left
            origin = replace(origin, affine=origin.affine @ back)
        return replace(
            sample,
            inputs=replace(self._cut(sample.inputs, top, left), origin=origin),
            reference=self._cut(sample.reference, top, left),
            origin=origin,
        )

    def _cut(self, image: Any, top: int, left: int) -> Any:
        return replace(image, pixels=image.pixels[..., top : top + self.size, left : left + self.size])


class BlocksOfAFew(Blocks):
    """So small that no spot is ever whole in them."""

    size = 4


class BlocksNotMoved(Blocks):
    """A block that says that it lies where the whole image begins."""

    moves = False


class ReadsAhead(View):
    """Reads its whole source when it is built."""

    def __init__(self, source: Dataset[Any, Any]) -> None:
        super().__init__(source)
        self._held = {case.id: source.read(case, np.random.default_rng(0)) for case in source.cases()}

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return self._held[case.id]


class TakesRows(View):
    """Says that it takes rows, and looks for pixels."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self.source.read(case, rng)
        return replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels * 0.5))


class CannotCount(View):
    """Looks for one image more than there is."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return [self.source.read(case, rng)][1]
