"""What is counted of modules, and the metrics of models."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from medai._bench.counting import Work, parameters_of, work_of
from medai._bench.measure import figures_of_model
from medai._bench.sizes import sized_sample
from medai._bench.subjects import subject_of
from medai._bench.timing import Spread, timed
from medai.api import build, use
from medai.errors import EnvironmentFault, PluginError, UsageError
from medai.tasks import Batch, Case, Image, Sample, Sequence


def images(*shape: int) -> Batch[Any, Any]:
    return Batch((Case("a", "a"),) * shape[0], Image(torch.rand(shape), "HU"))


def macs(module: nn.Module, *given: torch.Tensor) -> int:
    module.eval()
    return work_of(lambda: module(*given), module).macs


def test_operations_are_counted_as_by_hand() -> None:
    assert macs(nn.Conv2d(2, 4, 3, padding=1, groups=2), torch.rand(1, 2, 8, 8)) == 64 * 4 * 1 * 9
    assert macs(nn.Conv2d(2, 3, 3, stride=2), torch.rand(1, 2, 9, 9)) == 16 * 3 * 2 * 9
    assert macs(nn.ConvTranspose2d(2, 3, 2, stride=2), torch.rand(1, 2, 4, 4)) == 16 * 2 * 3 * 4
    assert macs(nn.Conv3d(1, 2, 3, padding=1), torch.rand(1, 1, 4, 4, 4)) == 64 * 2 * 27
    assert macs(nn.Linear(5, 7), torch.rand(3, 5)) == 3 * 35


def test_layers_that_have_a_kernel_of_their_own_are_counted_too() -> None:
    assert macs(nn.LSTM(5, 7, batch_first=True), torch.rand(1, 11, 5)) == 11 * 4 * 7 * (5 + 7)
    tokens, width, hidden = 6, 8, 16
    layer = nn.TransformerEncoderLayer(width, 2, hidden, batch_first=True)
    products = tokens * width * 3 * width + 2 * tokens * tokens * width + tokens * width * width + 2 * tokens * width * hidden
    fast = torch.backends.mha.get_fastpath_enabled()
    assert macs(layer, torch.rand(1, tokens, width)) == products
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_shared_parameters_count_once_and_frozen_ones_are_not_trained() -> None:
    layer = nn.Linear(3, 3)
    both = nn.Sequential(layer, layer, nn.Linear(3, 1).requires_grad_(False))
    found = parameters_of(both)
    assert (found.all, found.trainable) == (16, 12)


def test_what_takes_part_is_seen_through_views() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(5))

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return given @ self.used.data.T

    module = Tied()
    assert work_of(lambda: module(torch.rand(1, 3)), module) == Work(6, 5)
    # Where none was seen, such as in a model that keeps what it made of them, nothing is said.
    assert work_of(lambda: torch.rand(2), module) == Work(0, None)


def test_metrics_give_what_is_counted(toys: Path) -> None:
    module, batch = build("benchtoys/net"), images(1, 1, 16, 16)
    assert build("medai/parameters").measure(module, batch) == {"parameters": 45.0, "parameters-trainable": 44.0}
    assert build("medai/macs").measure(module, batch) == {"macs": 256.0 * 40}
    assert build("medai/macs", size=(8,)).measure(module, batch) == {"macs": 64.0 * 40}
    assert build("medai/macs", size=(8, 4)).measure(module, images(2, 1, 5, 5)) == {"macs": 2 * 32.0 * 40}


def test_latency_has_a_median_between_its_quartiles(toys: Path) -> None:
    threads = torch.get_num_threads()
    found = build("medai/latency", size=(8,), device="cpu", threads=2, repeats=3, warmup=0).measure(
        build("benchtoys/net"), images(1, 1, 4, 4)
    )
    assert 0 < found["latency-ms-low"] <= found["latency-ms"] <= found["latency-ms-high"] and len(found) == 3
    assert torch.get_num_threads() == threads


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_a_device_that_is_not_there_is_said(toys: Path) -> None:
    with pytest.raises(EnvironmentFault, match="CUDA is not available"):
        build("medai/latency", device="cuda").measure(build("benchtoys/net"), images(1, 1, 4, 4))


@pytest.mark.parametrize("metric", ["medai/macs", "medai/latency"])
@pytest.mark.parametrize("training", [True, False])
def test_a_model_is_measured_in_evaluation_mode_and_left_as_it_was(toys: Path, metric: str, training: bool) -> None:
    module = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.Dropout(0.5)).train(training)
    module[2].train(not training)
    module[1].register_forward_hook(lambda self, *rest: seen.append((self.training, torch.is_grad_enabled())))
    seen: list[tuple[bool, bool]] = []
    build(metric).measure(module, images(2, 1, 4, 4))
    assert set(seen) == {(False, False)} and [each.training for each in module] == [training, training, not training]


def test_what_is_not_defined_is_nan(toys: Path) -> None:
    same, batch = build("benchtoys/same"), images(1, 1, 4, 4)
    for metric in ("medai/parameters", "medai/macs"):
        assert all(math.isnan(value) for value in build(metric).measure(same, batch).values())
    assert build("medai/latency", repeats=1).measure(same, batch)["latency-ms"] > 0


def test_a_network_that_is_given_neither_images_nor_rows_says_so() -> None:
    batch: Batch[Any, Any] = Batch((Case("a", "a"),), [Sequence("ACGU")])
    with pytest.raises(PluginError, match="offer predict"):
        build("medai/macs").measure(nn.Linear(1, 1), batch)


def test_images_are_drawn_to_a_size_within_their_values() -> None:
    ramp = torch.linspace(-1000, 3000, 64).reshape(1, 8, 8)
    sample = Sample(Case("a", "a"), Image(ramp, "HU"), Image(ramp, "HU"))
    drawn = sized_sample(sample, (16, 4))
    assert drawn.reference is None and drawn.inputs.unit == "HU" and drawn.inputs.pixels.shape == (1, 16, 4)
    assert drawn.inputs.pixels.min() >= -1000 and drawn.inputs.pixels.max() <= 3000
    assert sized_sample(sample, (3, 8, 8)).inputs.pixels.equal(ramp[:, None].expand(1, 3, 8, 8))
    volume = Sample(sample.case, Image(torch.stack([ramp, ramp + 1, ramp + 2], 1)))
    assert sized_sample(volume, (8, 8)).inputs.pixels.equal(ramp + 1)
    assert sized_sample(volume, (4,)).inputs.pixels.shape == (1, 4, 4, 4)
    assert sized_sample(volume, None).inputs.pixels.shape == (1, 3, 8, 8)


def test_times_are_a_median_with_quartiles_of_calls_in_turn() -> None:
    assert Spread.of([0.005, 0.001, 0.004, 0.002, 0.003]) == Spread(3.0, 2.0, 4.0, 5)
    assert Spread.of([0.001]) == Spread(1.0, 1.0, 1.0, 1)
    said: list[str] = []
    calls = {name: (lambda name=name: said.append(name)) for name in "ab"}
    found = timed(calls, torch.device("cpu"), repeats=2, warmup=1)
    assert said == list("ababab") and found["a"].count == 2
    assert timed({"a": lambda: None}, torch.device("cpu"))["a"].count == 100


def test_the_figures_of_a_run_are_of_its_first_test_case(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from medai.api import run

    done = run("benchtoys/same", out=tmp_path, device="cpu")
    assert math.isnan(figures_of_model(done.folder, use("medai/macs"))["macs"])
    assert figures_of_model(done.folder, use("medai/latency", repeats=1))["latency-ms"] > 0
    with pytest.raises(UsageError, match="measures predictions, not models"):
        figures_of_model(done.folder, use("medai/rmse"))


def test_a_metric_is_given_the_module_itself_and_it_answers_batches(toys: Path) -> None:
    subject = subject_of("benchtoys/toy", size=(8,))
    assert figures_of_model(subject, use("benchtoys/weights")) == {"layers": 2.0, "cases": 1.0}
    assert figures_of_model(subject, use("medai/macs")) == {"macs": 64.0 * 80}
    # A task whose modules are given what the input alone does not tell.
    rows = subject_of("benchtoys/table")
    assert figures_of_model(rows, use("medai/macs")) == {"macs": 6.0}
    assert "benchtoys" in sys.modules
