"""One step of a training, without the engine's loop around it: the loss that stands beside a model, and the gradients that come of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.module import ModuleLearner, _Step
from medai.errors import UsageError
from medai.tasks import Batch, Predictor, Sample
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.situation import InMemory
from medai_sdk.contract.watching.chance import seed_torch

BATCH = 2


@dataclass(frozen=True)
class Gradients:
    """What reaches the parameters of a module in one step of each of its turns.

    Attributes:
        fault: why nothing could be found out: the loss has no gradient, or the step fails.
        mend: what to do about the fault.
        losses: of each turn.
        without: parameters that no turn's loss reaches.
        still: parameters that have a gradient in some turn, which is 0 throughout in each step.
        endless: parameters with a gradient, or losses, that are not finite.
    """

    fault: str = ""
    mend: str = ""
    losses: dict[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()


def module_of(predictor: Predictor[Any]) -> Any:
    """The torch module of a model that the engine teaches.

    Raises:
        NotApplicable: it teaches itself, or learns nothing.
    """
    if isinstance(predictor, ModuleLearner):
        if not any(each.requires_grad for each in predictor.module.parameters()):
            raise NotApplicable("it has no parameter that could be trained: it learns nothing")
        return predictor.module
    raise NotApplicable("it fits itself: its steps cannot be seen" if hasattr(predictor, "fit") else "it has no fit: it learns nothing")


def turns_of(module: Any) -> tuple[str, ...]:
    """The different turns of a module's training; one where it names none."""
    return tuple(dict.fromkeys(getattr(module, "turns", ()))) or ("all",)


def loss_of(subject: ModelSubject) -> Callable[..., Any] | None:
    """The loss beside the model; where there is none and it brings none, one that fits what it gives and what is due.

    Raises:
        NotApplicable: no such loss is known.
    """
    found = subject.loss()
    return _stand_in(subject) if found is None else found


@functools.lru_cache(maxsize=1)
def _stand_in(subject: ModelSubject) -> Callable[..., Any] | None:
    predictor = prepared(subject)
    if not isinstance(predictor, ModuleLearner):
        return None
    batch = subject.batch(BATCH)
    if hasattr(predictor.module, "training_step"):
        try:
            step_of(subject, predictor.module, None, batch, turns_of(predictor.module)[0])
        except UsageError:
            pass  # it says so where it needs a loss
        except Exception:
            return None  # that is to come up where the step is looked at
        else:
            return None
    if type(predictor.module).forward is nn.Module.forward:
        raise NotApplicable("no recipe of the plugin names a loss for it, and it has neither a loss of its own nor a forward")
    output, target = predictor.module(*subject.task.arguments(batch)), subject.task.target(batch)
    return fitting_loss(output, target)


def fitting_loss(output: Any, target: Any) -> Callable[..., Any]:
    """A plain loss for an output and a target of these types and shapes.

    Raises:
        NotApplicable: none is known.
    """
    if isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor) and output.is_floating_point():
        if output.shape == target.shape:
            return functional.mse_loss if target.is_floating_point() else _yes_or_no
        if target.dtype == torch.int64 and target.shape == (output.shape[0], *output.shape[2:]):
            return functional.cross_entropy if output.shape[1] > 1 else _one_logit
    raise NotApplicable("no recipe of the plugin names a loss for it, and it has no training_step of its own")


def prepared(subject: ModelSubject, seed: int = 0) -> Any:
    """The model as it is when its first step comes."""
    predictor = subject.predictor(seed)
    if isinstance(predictor, ModuleLearner) and hasattr(predictor.module, "prepare"):
        predictor.module.prepare(feed_of(subject, subject.situation.training, seed, 0))
    return predictor


@functools.lru_cache(maxsize=2)
def gradients(subject: ModelSubject) -> Gradients:
    """What reaches the parameters of a model that the engine teaches.

    Raises:
        NotApplicable: the engine does not teach it.
    """
    predictor = prepared(subject)
    module, loss = module_of(predictor), loss_of(subject)
    named = dict(module.named_parameters())
    trainable = {name for name, parameter in named.items() if parameter.requires_grad}
    reached: set[str] = set()
    moving: set[str] = set()
    endless: list[str] = []
    losses: dict[str, float] = {}
    for turn in turns_of(module):
        chosen = {id(each) for each in (module.parameters_for(turn) if hasattr(module, "parameters_for") else module.parameters())}
        for name in trainable:
            named[name].requires_grad_(id(named[name]) in chosen)
        # All cases: one may hold nothing for some part of a network to find.
        for start in range(0, len(subject.situation.training), BATCH):
            try:
                total = step_of(subject, module, loss, subject.batch(BATCH, start=start), turn)
            except (Exception, SystemExit) as error:
                mend = f"let a training step run on the data of {subject.situation.words}, which it is tried on"
                return Gradients(f"a training step fails: {type(error).__name__}: {error}", mend)
            if not total.requires_grad:
                mend = "keep the path from the parameters to the loss in torch's graph: no detach, .data, numpy or no_grad"
                return Gradients(f"the loss of the turn {turn!r} has no gradient: something on its way is detached", mend)
            module.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            losses[turn] = float(total.detach())
            endless += [] if bool(total.isfinite()) else [f"the loss of the turn {turn!r}"]
            for name in trainable:
                gradient = named[name].grad
                if id(named[name]) in chosen and gradient is not None:
                    reached.add(name)
                    moving |= {name} if bool(gradient.any()) else set()
                    endless += [] if bool(gradient.isfinite().all()) or name in endless else [name]
    without = tuple(name for name in named if name in trainable - reached)
    still = tuple(name for name in named if name in reached - moving)
    return Gradients(losses=losses, without=without, still=still, endless=tuple(dict.fromkeys(endless)))


def can_step(subject: ModelSubject) -> bool:
    """Whether the engine teaches it, and it can take a step."""
    try:
        return not gradients(subject).fault
    except NotApplicable:
        return False


def step_of(subject: ModelSubject, module: Any, loss: Callable[..., Any] | None, batch: Batch[Any, Any], turn: str) -> torch.Tensor:
    """The summed loss of a training step, up to the backward pass."""
    module.train()
    seed_torch(0)
    found = _Step(module, subject.task, loss)(batch, turn)
    total: torch.Tensor = functools.reduce(torch.add, found.values())
    return total


def feed_of(subject: ModelSubject, samples: Sequence[Sample[Any, Any]], seed: int, workers: int) -> CaseFeed:
    held = InMemory(tuple(samples))
    return CaseFeed(held, subject.task, part="train", seed=seed, workers=workers, quarantine=Quarantine(0.0))


def _yes_or_no(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(output, target.to(output.dtype))


def _one_logit(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return _yes_or_no(output, target[:, None])
