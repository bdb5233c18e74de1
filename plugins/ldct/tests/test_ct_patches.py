"""Patches: the same place twice, group kept, air avoided."""

import numpy as np
import pytest
import torch

from medai.errors import DataError
from medai.tasks import Case, Image, Origin, Sample
from medai_ldct.datasets.patches import Patches


class Pairs:
    """Slices whose reference is the input plus one; tissue in one corner; the first group has three slices."""

    def __init__(self, size: int = 96) -> None:
        self._size = size

    def cases(self) -> list[Case]:
        return [Case(f"c#{number}", "a" if number < 3 else "b") for number in range(4)]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        pixels = torch.full((1, self._size, self._size), -1000.0)
        pixels[:, : self._size // 3, : self._size // 3] = torch.arange((self._size // 3) ** 2).float().view(self._size // 3, -1)
        affine = np.diag([2.0, 3.0, 1.0, 1.0])
        return Sample(case, Image(pixels, "HU"), Image(pixels + 1, "HU"), Origin((), affine, (2.0, 3.0)))


def test_cases_are_numbered_and_stay_in_their_group() -> None:
    cases = Patches(Pairs(), size=16, per_case=2).cases()
    assert [case.id for case in cases[:3]] == ["c#0#0", "c#0#1", "c#1#0"]
    assert [case.group for case in cases].count("a") == 6 and len(cases) == 8


def test_balanced_groups_give_as_many() -> None:
    cases = Patches(Pairs(), size=16, per_case=2, balanced=True).cases()
    groups = [case.group for case in cases]
    assert groups.count("a") == groups.count("b") == 6
    assert len({case.id for case in cases}) == 12


def test_input_and_reference_are_cut_at_one_place() -> None:
    view = Patches(Pairs(), size=16)
    case = view.cases()[0]
    for seed in range(10):
        sample = view.read(case, np.random.default_rng(seed))
        assert sample.case.id == case.id and sample.reference is not None and sample.origin is not None
        assert sample.inputs.pixels.shape == (1, 16, 16)
        assert torch.equal(sample.inputs.pixels + 1, sample.reference.pixels)
    one, two, again = (view.read(case, np.random.default_rng(seed)) for seed in (0, 1, 0))
    assert torch.equal(one.inputs.pixels, again.inputs.pixels) and not torch.equal(one.inputs.pixels, two.inputs.pixels)


def test_the_place_moves_with_the_patch() -> None:
    view = Patches(Pairs(), size=16)
    sample = view.read(view.cases()[0], np.random.default_rng(0))
    whole = Pairs().read(Pairs().cases()[0], np.random.default_rng(0)).inputs.pixels
    assert sample.origin is not None and sample.origin.affine is not None
    top, left = int(sample.origin.affine[0, 3] / 2), int(sample.origin.affine[1, 3] / 3)
    assert torch.equal(whole[:, top : top + 16, left : left + 16], sample.inputs.pixels)


def test_air_is_avoided() -> None:
    view = Patches(Pairs(), size=16)
    case = view.cases()[0]
    tissue = [float((view.read(case, np.random.default_rng(seed)).inputs.pixels > -500).float().mean()) for seed in range(60)]
    # A ninth of the slice is tissue: a place drawn once would miss it four times of five, one drawn up to ten times hardly ever.
    assert np.mean(np.array(tissue) >= 0.1) > 0.75


def test_a_slice_smaller_than_a_patch_is_refused() -> None:
    view = Patches(Pairs(32), size=64)
    with pytest.raises(DataError, match="32 x 32"):
        view.read(view.cases()[0], np.random.default_rng(0))


class Volumes(Pairs):
    """The slices, four deep."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        pixels = super().read(case, rng).inputs.pixels
        volume = Image(pixels[:, None].expand(-1, 4, -1, -1), "HU")
        return Sample(case, volume, volume)


def test_a_volume_is_refused() -> None:
    view = Patches(Volumes(), size=16)
    with pytest.raises(DataError, match=r"slices \(C, H, W\), this is \(1, 4, 96, 96\)"):
        view.read(view.cases()[0], np.random.default_rng(0))


def test_noise_of_another_place_is_added_to_both() -> None:
    plain, noisier = Patches(Pairs(), size=16), Patches(Pairs(), size=16, noisier=2.0)
    case = plain.cases()[0]
    before, after = (view.read(case, np.random.default_rng(3)) for view in (plain, noisier))
    assert before.reference is not None and after.reference is not None
    # The noise of these pairs is -1 everywhere.
    added = (after.inputs.pixels - before.inputs.pixels).unique()
    assert len(added) <= 3 and -2 <= float(added.min()) < 0
    assert torch.allclose(after.reference.pixels - before.reference.pixels, after.inputs.pixels - before.inputs.pixels, atol=1e-3)
