"""What a schedule is given that the recipe leaves out, and how it is switched off."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from medai._engine.configure import Request, configure, restore
from medai._engine.optim import build_optimizer, build_schedule
from medai.api import Train, use
from medai.errors import UsageError


def adam(rate: float) -> torch.optim.Optimizer:
    return build_optimizer(use("Adam", lr=rate), [nn.Parameter(torch.ones(1))])


@pytest.mark.parametrize("rate", [0.5, 2e-3])
def test_a_largest_rate_left_out_is_the_optimisers(rate: float) -> None:
    optimizer = adam(rate)
    schedule = build_schedule(Train(schedule=use("OneCycleLR")), optimizer, 20)
    assert isinstance(schedule, lr_scheduler.OneCycleLR) and schedule.total_steps == 20
    found = []
    for _ in range(20):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert max(found) == pytest.approx(rate, rel=0.01)


def test_a_largest_rate_that_is_given_stays() -> None:
    optimizer = adam(0.5)
    build_schedule(Train(schedule=use("OneCycleLR", max_lr=0.25)), optimizer, 20)
    assert optimizer.param_groups[0]["max_lr"] == 0.25


def test_an_arithmetic_error_of_a_schedule_is_the_recipes() -> None:
    with pytest.raises(UsageError, match=r"^OneCycleLR: .*division by zero") as caught:
        build_schedule(Train(schedule=use("OneCycleLR", pct_start=0.1)), adam(0.5), 10)
    assert isinstance(caught.value.__cause__, ArithmeticError)


def test_a_schedule_of_torchs_own_base_is_none() -> None:
    with pytest.raises(UsageError, match="unknown schedule '_LRScheduler'"):
        build_schedule(Train(schedule=use("_LRScheduler")), adam(0.5), 10)


def test_none_switches_the_schedule_off() -> None:
    given = ("train.schedule.use=OneCycleLR", "train.schedule.pct_start=0.2")
    on = configure(Request("enginetoys/denoise", assignments=given)).recipe.train
    assert on is not None and on.schedule == use("OneCycleLR", pct_start=0.2)
    off = configure(Request("enginetoys/denoise", assignments=(*given, "train.schedule=none")))
    assert off.recipe.train is not None and off.recipe.train.schedule is None
    assert not any(path.startswith("train.schedule") for path, *_ in off.departures)  # the recipe has none either
    again = restore({"recipe": off.id, "configuration": off.document, "scale": "quick", "origins": {}, "departures": []})
    assert again.recipe == off.recipe
    assert build_schedule(off.recipe.train, adam(0.5), 10) is None


def test_none_is_a_number_too_but_a_text_where_texts_go() -> None:
    assigned = ("train.clip=none", "train.steps=none", "train.select=none")
    train = configure(Request("enginetoys/denoise", assignments=assigned)).recipe.train
    assert train is not None and (train.clip, train.steps, train.select) == (None, None, "none")


def test_a_warm_up_counts_in_epochs_where_the_schedule_does() -> None:
    optimizer = adam(0.01)
    train = Train(schedule=use("CosineAnnealingLR", eta_min=1e-4), schedule_every="epoch", warmup=5)
    schedule = build_schedule(train, optimizer, 300)
    assert schedule is not None
    rates = []
    for _ in range(300):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[:5] == pytest.approx([0.002, 0.004, 0.006, 0.008, 0.01])
    assert rates[5] == pytest.approx(0.01) and rates[5:] == sorted(rates[5:], reverse=True)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)
