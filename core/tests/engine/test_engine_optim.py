from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from medai._engine.optim import build_optimizer, build_schedule
from medai.api import Train, Use, use
from medai.errors import UsageError


def sgd(rate: float = 1.0) -> torch.optim.Optimizer:
    return build_optimizer(use("SGD", lr=rate), [nn.Parameter(torch.ones(1))])


def rates(train: Train, total: int) -> list[float]:
    optimizer = sgd()
    schedule = build_schedule(train, optimizer, total)
    found = []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return found


def test_an_optimiser_by_name_with_its_parameters() -> None:
    found = build_optimizer(use("AdamW", lr=1e-3, betas=[0.5, 0.9]), [nn.Parameter(torch.ones(1))])
    assert type(found) is torch.optim.AdamW
    assert found.param_groups[0]["lr"] == 1e-3 and tuple(found.param_groups[0]["betas"]) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (use("Adma"), r"unknown optimizer 'Adma': did you mean Adam"),
        (use("Adam", rate=1.0), "Adam has no parameter 'rate'"),
        (use("Adam", lr="fast"), "Adam: lr = 'fast'"),
        (use("Adam", lr=-1.0), "Adam: Invalid learning rate"),
        (use("LBFGS"), "unknown optimizer 'LBFGS'"),
        (use("Optimizer"), "unknown optimizer 'Optimizer'"),
    ],
)
def test_a_wrong_optimiser(given: Use, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build_optimizer(given, [nn.Parameter(torch.ones(1))])


def test_a_rate_rises_in_the_warm_up_and_stays() -> None:
    assert rates(Train(warmup=4), 7) == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1])
    assert build_schedule(Train(), sgd(), 10) is None


def test_a_total_left_out_is_the_runs() -> None:
    found = rates(Train(schedule=use("CosineAnnealingLR")), 10)
    assert found[0] == 1 and found[5] == pytest.approx(0.5) and found[9] < 0.05
    schedule = build_schedule(Train(schedule=use("CosineAnnealingLR", T_max=3)), sgd(), 10)
    assert isinstance(schedule, lr_scheduler.CosineAnnealingLR) and schedule.T_max == 3


@pytest.mark.parametrize(
    "schedule", [use("CosineAnnealingLR"), use("OneCycleLR", max_lr=1.0), use("PolynomialLR"), use("LinearLR"), use("StepLR", step_size=3)]
)
def test_a_schedule_behind_a_warm_up_lasts_to_the_end_of_the_run(schedule: Use) -> None:
    found = rates(Train(schedule=schedule, warmup=4), 16)
    assert found[:4] == pytest.approx([share * found[3] for share in (0.25, 0.5, 0.75, 1.0)])
    assert found[4:] == pytest.approx(rates(Train(schedule=schedule), 12))


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (Train(schedule=use("CosineLR")), "unknown schedule 'CosineLR': did you mean"),
        (Train(schedule=use("ReduceLROnPlateau")), "unknown schedule 'ReduceLROnPlateau'"),
        (Train(schedule=use("StepLR")), "StepLR needs step_size"),
        (Train(schedule=use("StepLR", step_size=2.5)), r"StepLR: step_size = 2\.5"),
    ],
)
def test_a_wrong_schedule(train: Train, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build_schedule(train, sgd(), 10)
