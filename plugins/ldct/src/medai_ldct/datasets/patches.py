"""Square patches to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Case, Dataset, Image, Origin, Sample, View

_AIR_BELOW = -500.0
_LEAST_TISSUE = 0.1
_TRIES = 10


class Patches(View):
    """A view for training: `per_case` random patches of every slice, the same place in input and reference.

    Places are drawn anew at each reading. One with less than a tenth of its pixels above -500 HU in the reference (without one, in
    the input) is mostly air; it is drawn again, up to ten times, so a slice that is nothing but air still gives patches.

    Args:
        source: slices (C, H, W) in HU; wrap it in `medai/cached`, for a slice is read once per patch.
        size: pixels along each side.
        per_case: patches per slice and epoch; their cases are called `<id>#<number>` and stay in the slice's group.
        balanced: every group gives as many patches as the one with most slices, so that a long series does not outweigh the others.
        noisier: up to so many times the noise (input - reference) of another place of the slice, mirrored, is added to both input and
            reference. So a network sees references of many noise levels, and learns to leave a noisy scan's own noise in place; without
            it, trained on few and clean scans, it smooths noisy ones too much.
    """

    def __init__(
        self, source: Dataset[Image, Image], size: int = 64, per_case: int = 8, balanced: bool = False, noisier: float = 0.0
    ) -> None:
        super().__init__(source)
        self.size, self.per_case = size, per_case
        self.balanced, self.noisier = balanced, noisier
        self._whole = {case.id: case for case in source.cases()}

    def cases(self) -> Sequence[Case]:
        """`per_case` cases for each of the source's; balanced, that many at least."""
        return [
            replace(case, id=f"{case.id}#{number}", whole=case.whole or case.id)
            for case, count in self._counts()
            for number in range(count)
        ]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """One patch, its place drawn from `rng`.

        Raises:
            DataError: the slice is smaller than a patch, or it is a volume.
        """
        sample = self.source.read(self._whole[case.id.rpartition("#")[0]], rng)
        if sample.inputs.pixels.ndim != 3:
            raise DataError(f"case {sample.case.id}: patches are cut from slices (C, H, W), this is {tuple(sample.inputs.pixels.shape)}")
        looked_at = sample.reference or sample.inputs
        top, left = self._place(looked_at.pixels, rng)
        given = self._cut(sample.inputs, top, left)
        reference = None if sample.reference is None else self._cut(sample.reference, top, left)
        if reference is not None and self.noisier:
            more = self._noise(sample, rng)
            given, reference = replace(given, pixels=given.pixels + more), replace(reference, pixels=reference.pixels + more)
        return Sample(
            replace(sample.case, id=case.id, whole=case.whole),
            given,
            reference,
            None if sample.origin is None else _moved(sample.origin, top, left),
        )

    def _counts(self) -> Iterator[tuple[Case, int]]:
        groups: dict[str, list[Case]] = {}
        for case in self._whole.values():
            groups.setdefault(case.group, []).append(case)
        most = max((len(group) for group in groups.values()), default=0)
        for group in groups.values():
            total = self.per_case * (most if self.balanced else len(group))
            for place, case in enumerate(group):
                yield case, total // len(group) + (place < total % len(group))

    def _place(self, pixels: torch.Tensor, rng: np.random.Generator) -> tuple[int, int]:
        rows, columns = pixels.shape[-2:]
        if min(rows, columns) < self.size:
            raise DataError(f"a slice of {rows} x {columns} has no patch of {self.size} x {self.size}")
        for _ in range(_TRIES):
            top, left = int(rng.integers(rows - self.size + 1)), int(rng.integers(columns - self.size + 1))
            patch = pixels[..., top : top + self.size, left : left + self.size]
            if float((patch > _AIR_BELOW).float().mean()) >= _LEAST_TISSUE:
                break
        return top, left

    def _noise(self, sample: Sample[Image, Image], rng: np.random.Generator) -> torch.Tensor:
        assert sample.reference is not None
        elsewhere = self._place(sample.reference.pixels, rng)
        noise = self._cut(sample.inputs, *elsewhere).pixels - self._cut(sample.reference, *elsewhere).pixels
        return noise.flip(-2) * float(rng.uniform(0, self.noisier))

    def _cut(self, image: Image, top: int, left: int) -> Image:
        # A copy, so that a patch kept for later does not keep its slice.
        return Image(image.pixels[..., top : top + self.size, left : left + self.size].clone(), image.unit)


def _moved(origin: Origin, top: int, left: int) -> Origin:
    if origin.affine is None:
        return origin
    affine = origin.affine.copy()
    affine[:3, 3] += affine[:3, 0] * top + affine[:3, 1] * left
    return replace(origin, affine=affine)
