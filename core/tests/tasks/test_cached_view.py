"""The view that keeps samples in memory."""

from __future__ import annotations

import pickle
from collections import Counter
from multiprocessing import Pipe

import numpy as np
import pytest
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Case, Image, Sample
from medai.tasks.views import Cached


class Noise:
    """Four noisy images of 4000 bytes."""

    single_subject = True

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()

    def cases(self) -> list[Case]:
        return [Case(name, "g") for name in "abcd"]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        self.reads[case.id] += 1
        if case.id == "d":
            raise DataError("spoiled")
        return Sample(case, Image(torch.from_numpy(rng.normal(size=(1, 10, 100)).astype(np.float32))))


def pixels(view: Cached, name: str, seed: int) -> torch.Tensor:
    return view.read(Case(name, "g"), np.random.default_rng(seed)).inputs.pixels


def test_a_case_is_read_once_and_does_not_depend_on_the_generator() -> None:
    view = Cached(Noise())
    assert torch.equal(pixels(view, "a", 0), pixels(view, "a", 1))
    assert view.source.reads == {"a": 1}
    assert torch.equal(pixels(Cached(Noise()), "a", 2), pixels(view, "a", 3))
    assert not torch.equal(pixels(view, "a", 0), pixels(view, "b", 0))


def test_the_generator_given_is_left_as_it_was() -> None:
    rng = np.random.default_rng(5)
    Cached(Noise()).read(Case("a", "g"), rng)
    assert rng.random() == np.random.default_rng(5).random()


def test_memory_is_bounded() -> None:
    view = Cached(Noise(), gigabytes=8100e-9)
    for _ in range(3):
        for name in "abc":
            first = pixels(view, name, 0)
            assert torch.equal(first, pixels(view, name, 1))
    assert view.source.reads == {"a": 1, "b": 1, "c": 6}
    none = Cached(Noise(), gigabytes=0)
    assert torch.equal(pixels(none, "a", 0), pixels(none, "a", 1))
    assert none.source.reads == {"a": 2}
    with pytest.raises(UsageError, match="gigabytes"):
        Cached(Noise(), gigabytes=-1)


def test_the_cache_does_not_travel_but_the_samples_agree() -> None:
    view = Cached(Noise(), gigabytes=0.5)
    kept = pixels(view, "a", 0)
    empty = len(pickle.dumps(Cached(Noise(), gigabytes=0.5)))
    assert len(pickle.dumps(view)) < empty + 200
    here, loader_process = Pipe()
    here.send(view)
    other = loader_process.recv()
    assert other.gigabytes == 0.5
    assert torch.equal(pixels(other, "a", 9), kept)


def test_the_source_shows_through() -> None:
    view = Cached(Noise())
    assert view.cases() == Noise().cases()
    assert view.single_subject
    for _ in range(2):
        with pytest.raises(DataError, match="spoiled"):
            view.read(Case("d", "g"), np.random.default_rng(0))
    assert view.source.reads == {"d": 2}
