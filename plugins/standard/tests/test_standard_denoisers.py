"""Wavelet shrinkage and BM3D: what tuning picks, and what is said where they cannot be had."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from medai._cli import cli
from medai.api import build
from medai.errors import DataError, EnvironmentFault, UsageError
from medai.tasks import Batch, Case, Image, Sample
from medai_standard.models import bm3d_model
from medai_standard.models.bm3d_model import Bm3d
from medai_standard.models.tuned import Tuned
from medai_standard.models.wavelets import Wavelets

CONTEXT: Any = None
needs_bm3d = pytest.mark.skipif(find_spec("bm3d") is None, reason="the extra is not installed: pip install 'medai-standard[bm3d]'")
EACH = [Wavelets, pytest.param(Bm3d, marks=needs_bm3d)]


def pair(seed: int, noise: float = 20.0, size: int = 40) -> Sample[Image, Image]:
    rng = np.random.default_rng(seed)
    clean = np.zeros((1, size, size), dtype=np.float32)
    clean[:, 10:25, 10:25] = 100
    noisy = clean + rng.normal(0, noise, clean.shape).astype(np.float32)
    return Sample(Case(f"c{seed}", f"g{seed}"), Image(torch.from_numpy(noisy), "HU"), Image(torch.from_numpy(clean), "HU"))


class Feed:
    """Samples as a feed."""

    def __init__(self, *samples: Sample[Image, Image]) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def samples(self, epoch: int = 0) -> Iterator[Sample[Image, Image]]:
        yield from self._samples

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Batch[Image, Image]]:
        raise NotImplementedError


def error(image: Image, sample: Sample[Image, Image]) -> float:
    assert sample.reference is not None
    return float((image.pixels - sample.reference.pixels).square().mean())


@pytest.mark.parametrize("kind", EACH)
def test_tuned_it_beats_the_input_on_an_unseen_case(kind: type[Tuned]) -> None:
    model = kind()  # type: ignore[call-arg]
    steps = list(model.fit(Feed(*(pair(seed) for seed in range(2))), None, CONTEXT))
    assert [progress.step for progress in steps] == list(range(1, len(steps) + 1))
    unseen = pair(9)
    (answer,) = model.predict(Batch.of([unseen]))
    assert answer.pixels.dtype == torch.float32 and answer.pixels.shape == unseen.inputs.pixels.shape and answer.unit == "HU"
    assert error(answer, unseen) < 0.5 * error(unseen.inputs, unseen)
    # What was kept is the best of what was tried.
    assert min(progress.losses["mse"] for progress in steps) == min(model.state_dict()["errors"].values())


@pytest.mark.parametrize("kind", EACH)
def test_the_strength_follows_the_noise(kind: Any) -> None:
    weak, strong = kind(), kind()
    list(weak.fit(Feed(pair(0, noise=5)), None, CONTEXT))
    list(strong.fit(Feed(pair(0, noise=40)), None, CONTEXT))
    assert strong.sigma > 3 * weak.sigma


@pytest.mark.parametrize("kind", EACH)
def test_an_interrupted_tuning_goes_on_where_it_was(kind: Any) -> None:
    feed = [pair(seed) for seed in range(2)]
    whole, broken, resumed = kind(), kind(), kind()
    steps = [progress.step for progress in whole.fit(Feed(*feed), None, CONTEXT)]
    running = broken.fit(Feed(*feed), None, CONTEXT)
    for _ in range(3):
        next(running)
    resumed.load_state_dict(broken.state_dict())
    assert [progress.step for progress in resumed.fit(Feed(*feed), None, CONTEXT)] == steps[3:]
    assert resumed.state_dict() == whole.state_dict()


@pytest.mark.parametrize("kind", EACH)
def test_colours_and_volumes(kind: Any) -> None:
    for shape in ((3, 16, 16), (1, 6, 16, 16)):
        batch = Batch.of([Sample(Case("c", "g"), Image(torch.rand(shape), "0..1"))])
        (answer,) = kind(sigma=0.1).predict(batch)
        assert answer.pixels.shape == shape and float(answer.pixels.std()) < float(batch.inputs.pixels.std())
    with pytest.raises(DataError, match="needs sigma: fit it"):
        kind().predict(batch)


def test_both_rules_are_tried_or_the_one_that_is_named() -> None:
    model, fixed = Wavelets(), Wavelets(method="VisuShrink")
    for each in (model, fixed):
        list(each.fit(Feed(pair(0)), None, CONTEXT))
    rules = [{name.split()[1] for name in each.state_dict()["errors"]} for each in (model, fixed)]
    assert rules == [{"BayesShrink", "VisuShrink"}, {"VisuShrink"}]
    assert model.method in rules[0] and fixed.method == "VisuShrink"


def test_a_wavelet_that_is_none_is_refused() -> None:
    for name in ("db99", "bior2.2", "gaus1"):
        with pytest.raises(UsageError, match=f"wavelet = '{name}': no orthogonal wavelet"):
            Wavelets(wavelet=name)


def test_bm3d_says_how_it_is_had_and_under_what_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm3d_model, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'medai-standard\[bm3d\]' \(its licence: non-commercial use alone\)"):
        build("standard/bm3d")
    shown = " ".join(CliRunner().invoke(cli, ["show", "standard/bm3d"], catch_exceptions=False).output.split())
    assert "LicenseRef-BM3D-Non-Commercial" in shown and "medai-standard[bm3d]" in shown and "non-commercial use alone" in shown
