"""A loss, and what it is called with."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch

from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.models import build_loss, build_predictor
from medai._engine.module import ModuleLearner, _Step
from medai.tasks import Batch
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import TriedSubject
from medai_sdk.contract.subjects.situation import InMemory, Situation
from medai_sdk.contract.trials.comparing import copied, tensors
from medai_sdk.stub import output as stub_output

_CPU = torch.device("cpu")

Call = tuple[Any, Any]
"""An output and a target."""


class LossSubject(TriedSubject):
    """A loss; beside it stands the model whose output it is given, where a recipe names one."""

    def loss(self) -> Callable[..., Any]:
        """The loss anew, as the engine builds it: its own networks frozen."""
        return build_loss(self.situation.use, _CPU)  # type: ignore[no-any-return]

    @functools.cached_property
    def calls(self) -> tuple[Call, ...]:
        """What it is called with in training, for batches of two cases and of one."""
        return _calls(self.situation, (2, 1))

    def _try(self, situation: Situation) -> None:
        loss = build_loss(situation.use, _CPU)
        for output, target in _calls(situation, (2,)):
            loss(output, target)


def learning(output: Any) -> Any:
    """A copy of an output that takes gradients."""
    leaves = {id(each): each.detach().clone().requires_grad_(each.is_floating_point()) for each in tensors(output)}
    return copy.deepcopy(output, leaves)


def parts_of(found: Any) -> dict[str, Any]:
    """What a loss gave, by name."""
    return dict(found) if isinstance(found, Mapping) else {"the loss": found}


def _calls(situation: Situation, counts: tuple[int, ...]) -> tuple[Call, ...]:
    found = [call for count in counts for call in _of_model(situation, count)]
    if found:
        return tuple(found)
    task, classes = situation.build_task(), situation.use.params.get("classes")
    batches = [Batch.of(situation.training[:count]) for count in counts]
    wanted = {"classes": classes} if isinstance(classes, int) else {}
    return tuple((stub_output(situation.task, batch, **wanted), copied(task.target(batch))) for batch in batches)


def _of_model(situation: Situation, count: int) -> list[Call]:
    """What the model beside it calls it with, in one step of each of its turns; nothing where the engine does not teach that model."""
    if situation.model is None:
        return []
    task = situation.build_task()
    predictor = build_predictor(situation.model, task, device=_CPU, seed=0)
    if not isinstance(predictor, ModuleLearner):
        return []
    module, loss, heard = predictor.module, build_loss(situation.use, _CPU), []
    if hasattr(module, "prepare"):
        held = InMemory(situation.training)
        module.prepare(CaseFeed(held, task, part="train", seed=0, workers=0, quarantine=Quarantine(0.0)))
    # In evaluation mode: batch norm has nothing to go by in a batch of one.
    module.train(count > 1)

    def listen(output: Any, target: Any) -> Any:
        heard.append((learning(output), copied(target)))
        return loss(output, target)

    batch = Batch.of(situation.training[:count])
    for turn in dict.fromkeys(getattr(module, "turns", ())) or ("all",):
        try:
            _Step(module, task, listen)(batch, turn)
        except Exception as error:
            if heard:
                raise
            raise NotApplicable(f"the model beside it fails before it is called: see model {situation.model.id}") from error
    return heard
