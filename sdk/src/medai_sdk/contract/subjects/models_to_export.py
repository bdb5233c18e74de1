"""A model as an exporter gets it, without a run behind it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medai._engine.device import accelerator_for
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.models import build_loss, build_predictor, learns
from medai.tasks import Batch, Context, Trained
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.situation import InMemory, Situation
from medai_sdk.contract.trials.comparing import difference

_CPU = torch.device("cpu")
_SEEN = 0.01
"""Of the largest number in answers: a change that no rounding makes."""


def trained(situation: Situation) -> Trained:
    """The situation's model: a plain module with weights that no seed gives, so that whoever loses them is found out; any other learner
    fitted on the samples.

    Raises:
        NotApplicable: it learns nothing, so that the engine exports it to nobody.
    """
    assert situation.model is not None
    task = situation.build_task()
    predictor: Any = build_predictor(situation.model, task, device=_CPU, seed=0)
    if not learns(predictor):
        raise NotApplicable(f"{situation.model.id} learns nothing")
    module = getattr(predictor, "module", predictor)
    if hasattr(predictor, "module") and isinstance(module, nn.Module):
        _disturb(module, lambda: predictor.predict(Batch.of(list(situation.training[:2]))))
    else:
        _fit(predictor, situation)
    if isinstance(module, nn.Module):
        module.eval()
    state = {name: value for name, value in predictor.state_dict().items() if name != "training"}
    about = {"recipe": "", "scale": "", "protocol": "", "license": "", "version": ""}
    return Trained(situation.model, situation.task, predictor, module if isinstance(module, nn.Module) else None, state, about)


def _disturb(module: nn.Module, answers: Callable[[], Any]) -> None:
    """Change the weights until the answers change."""
    draw, before = torch.Generator().manual_seed(7), answers()
    for part in (0.1, 0.3, 1.0, 3.0):
        with torch.no_grad():
            for parameter in module.parameters():
                spread = float(parameter.float().std(correction=0)) or 0.1
                parameter.add_(part * spread * torch.randn(parameter.shape, generator=draw).to(parameter.dtype))
        if difference(before, answers(), least=1.0) > _SEEN:
            return


def _fit(predictor: Any, situation: Situation) -> None:
    task = situation.build_task()
    accelerator, _ = accelerator_for(_CPU, "float32")
    feed = CaseFeed(InMemory(situation.training), task, part="train", seed=0, workers=0, quarantine=Quarantine(0.0))
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(
            device=_CPU,
            seed=0,
            train=situation.train,
            task=task,
            loss=build_loss(situation.loss, _CPU),
            accelerator=accelerator,
            note=lambda text: None,
            folder=Path(scratch),
        )
        for progress in predictor.fit(feed, None, context) or ():
            if progress.step >= 2:
                break
