"""Baselines: the input, and non-local means."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import DataError
from medai.tasks import Batch, Case, Image, Sample
from medai_standard.models.input import Input
from medai_standard.models.nonlocal_means import NonLocalMeans

CONTEXT: Any = None


def pair(seed: int, noise: float = 20.0, size: int = 40, labelled: bool = True) -> Sample[Image, Image]:
    rng = np.random.default_rng(seed)
    clean = np.zeros((1, size, size), dtype=np.float32)
    clean[:, 10:25, 10:25] = 100
    noisy = clean + rng.normal(0, noise, clean.shape).astype(np.float32)
    reference = Image(torch.from_numpy(clean), "HU") if labelled else None
    return Sample(Case(f"c{seed}", f"g{seed}"), Image(torch.from_numpy(noisy), "HU"), reference)


class Feed:
    """Samples as a feed."""

    def __init__(self, *samples: Sample[Image, Image]) -> None:
        self._samples = samples
        self.read = 0

    def __len__(self) -> int:
        return len(self._samples)

    def samples(self, epoch: int = 0) -> Iterator[Sample[Image, Image]]:
        for sample in self._samples:
            self.read += 1
            yield sample

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Batch[Image, Image]]:
        raise NotImplementedError


def error(image: Image, sample: Sample[Image, Image]) -> float:
    assert sample.reference is not None
    return float((image.pixels - sample.reference.pixels).square().mean())


def test_the_input_is_its_own_answer() -> None:
    samples = [pair(0), pair(1)]
    answers = Input().predict(Batch.of(samples))
    assert len(answers) == 2
    for answer, sample in zip(answers, samples, strict=True):
        assert torch.equal(answer.pixels, sample.inputs.pixels) and answer.unit == "HU"


def test_tuned_it_beats_the_input_on_an_unseen_case() -> None:
    model = NonLocalMeans()
    steps = list(model.fit(Feed(*(pair(seed) for seed in range(3))), None, CONTEXT))
    assert [progress.step for progress in steps] == list(range(1, len(steps) + 1))
    unseen = pair(9)
    (answer,) = model.predict(Batch.of([unseen]))
    assert answer.pixels.dtype == torch.float32 and answer.pixels.shape == unseen.inputs.pixels.shape and answer.unit == "HU"
    assert error(answer, unseen) < 0.4 * error(unseen.inputs, unseen)


def test_the_strength_follows_the_noise() -> None:
    weak, strong = NonLocalMeans(), NonLocalMeans()
    list(weak.fit(Feed(pair(0, noise=5)), None, CONTEXT))
    list(strong.fit(Feed(pair(0, noise=40)), None, CONTEXT))
    assert weak.h is not None and strong.h is not None and strong.h > 3 * weak.h


def test_errors_outside_the_window_do_not_count() -> None:
    sample = pair(0)
    assert sample.reference is not None
    far = Sample(sample.case, Image(sample.inputs.pixels + 5000, "HU"), Image(sample.reference.pixels + 9000, "HU"))
    model = NonLocalMeans(window=(-160.0, 240.0), h=10.0)
    assert {progress.losses["mse"] for progress in model.fit(Feed(far), None, CONTEXT)} == {0.0}


def test_an_interrupted_tuning_goes_on_where_it_was() -> None:
    feed = [pair(seed) for seed in range(2)]
    whole, broken, resumed = NonLocalMeans(), NonLocalMeans(), NonLocalMeans()
    steps = [progress.step for progress in whole.fit(Feed(*feed), None, CONTEXT)]
    running = broken.fit(Feed(*feed), None, CONTEXT)
    for _ in range(3):
        next(running)
    resumed.load_state_dict(broken.state_dict())
    left = [progress.step for progress in resumed.fit(Feed(*feed), None, CONTEXT)]
    assert left == steps[3:]
    assert (resumed.h, resumed.patch_size) == (whole.h, whole.patch_size)


def test_tuning_reads_cases_from_the_whole_feed_up_to_a_limit() -> None:
    model = NonLocalMeans(samples=2, h=20.0, patch_size=5)
    seen: list[float] = []
    model._error = lambda answer, wanted: seen.append(0.0) or 0.0  # type: ignore[method-assign,func-returns-value]
    list(model.fit(Feed(*(pair(seed) for seed in range(7))), None, CONTEXT))
    assert len(seen) == 2 + 2  # the noise of two cases, and one candidate on each


def test_without_tuning_or_pairs_it_says_so() -> None:
    with pytest.raises(DataError, match="needs h"):
        NonLocalMeans().predict(Batch.of([pair(0)]))
    with pytest.raises(DataError, match="pairs"):
        list(NonLocalMeans().fit(Feed(pair(0, labelled=False)), None, CONTEXT))


def test_colours_and_volumes() -> None:
    for shape in ((3, 16, 16), (1, 6, 16, 16)):
        batch = Batch.of([Sample(Case("c", "g"), Image(torch.rand(shape), "0..1"))])
        (answer,) = NonLocalMeans(h=0.1, patch_size=3, patch_distance=2).predict(batch)
        assert answer.pixels.shape == shape


def test_the_plugin_module_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, medai_standard.plugin as p; p.medai_models(); sys.exit(bool({'torch', 'numpy', 'skimage'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=False).returncode == 0
