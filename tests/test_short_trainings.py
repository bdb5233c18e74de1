"""The shipped recipes at any number of steps that a user may set."""

import pytest
import torch

from medai._engine.configure import Request, configure
from medai._engine.optim import build_optimizer, build_schedule

STANDARD = [f"standard/{name}" for name in ("classify", "regress", "segment", "detect", "denoise")]


@pytest.mark.parametrize("scale", ["quick", "small"])
@pytest.mark.parametrize("recipe", ["ldct/redcnn", "ldct/edcnn", *STANDARD])
def test_the_schedule_is_good_for_a_training_of_any_length(recipe: str, scale: str) -> None:
    for steps in range(1, 31):
        train = configure(Request(recipe, scale=scale, assignments=(f"train.steps={steps}",))).recipe.train
        assert train is not None and train.steps == steps
        optimizer = build_optimizer(train.optimizers["all"], [torch.nn.Parameter(torch.ones(1))])
        rate = optimizer.param_groups[0]["lr"]
        schedule = build_schedule(train, optimizer, steps)
        assert schedule is not None
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        assert all(0 < found <= rate * 1.001 for found in rates), (steps, rates)
