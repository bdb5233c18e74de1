"""Checks of a model: how it learns."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch

from medai._engine.module import ModuleLearner
from medai.tasks import Progress
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.lessons import ADAM, LONG, STEPS, another, lesson, must_learn, studied, total_of, twin
from medai_sdk.contract.subjects.numb import numb
from medai_sdk.contract.subjects.steps import BATCH, gradients, module_of, prepared, turns_of
from medai_sdk.contract.trials.comparing import CLOSE, difference, leaves, tensors
from medai_sdk.contract.watching.chance import seed_all

_LEAST_FALL, _LEAST_FALL_FROM_PEAK = 0.005, 0.25
_MOST_ERROR = 2.0
"""Root mean squared error in standard deviations of the reference: the mean alone gives 1."""
_MOST_SLOPE = 5.0
_MANY_VALUES = 1000
_MOST_SCALED = 10.0
"""A deviation of references beyond which predictions that are all within 0..1 are in another unit."""
_NAMED = 6


@check("model.every-parameter-learns", "over all turns of the training a gradient, not 0 throughout, reaches every trainable parameter")
def every_parameter_learns(subject: ModelSubject) -> None:
    found = gradients(subject)
    if found.fault:
        raise Broken(found.fault, found.mend)
    mend = "use them in forward, take them out, or freeze them with requires_grad_(False)"
    if found.without:
        raise Broken(f"no gradient reaches {_named(found.without)}", mend)
    if still := numb(subject, found.still):
        raise Broken(f"whatever their values and the images are, the gradient is 0 of {_named(still)}", mend)


@check("model.finite-gradients", "losses and gradients are finite")
def finite_gradients(subject: ModelSubject) -> None:
    found = gradients(subject)
    if found.fault:
        raise NotApplicable("it cannot take a step: see model.every-parameter-learns")
    if found.endless:
        mend = "look for a square root or a logarithm at 0, a division by 0, an exponential that overflows"
        raise Broken(f"not finite: {', '.join(found.endless[:_NAMED])}", mend)


@check("model.loss-falls", "on one batch the training loss falls within a few steps")
def loss_falls(subject: ModelSubject) -> None:
    must_learn(subject)
    module = module_of(subject.predictor())
    turns = turns_of(module)
    reached: list[str] = []
    for by in ("the optimiser at hand", "Adam at 1e-3"):
        # The rate of a long training may be too small to show anything in a short one.
        losses = [total_of(progress) for progress in (_by_adam(subject) if reached else studied(subject)[0])]
        if not all(map(math.isfinite, losses)):
            raise Broken(
                f"the loss is {losses[-1]} after {len(losses)} steps on one batch", "keep what is divided or exponentiated in bounds"
            )
        if len(turns) > 1:
            raise NotApplicable(f"its turns {', '.join(turns)} pull against one another; their losses stay finite over {len(losses)} steps")
        first, last, peak = _course(losses)
        # That of a detector may rise before it falls: as long as no box scores anything, there is nothing to be wrong about.
        if first - last > _LEAST_FALL * abs(first) or peak - last > _LEAST_FALL_FROM_PEAK * abs(peak):
            return
        reached.append(f"from {first:.4g} to {last:.4g} with {by}")
    mend = "look for a gradient that is always 0, or of the wrong sign"
    raise Broken(f"in {LONG} steps on one batch the loss goes {', '.join(reached)}", mend)


@check("model.learns-by-steps", "fit yields whenever the state is whole, and counts its steps")
def learns_by_steps(subject: ModelSubject) -> None:
    predictor = subject.predictor()
    if not hasattr(predictor, "fit") or isinstance(predictor, ModuleLearner):
        raise NotApplicable("the engine's own loop teaches it" if hasattr(predictor, "fit") else "it has no fit: it learns nothing")
    heard = lesson(subject, predictor, STEPS)
    if not heard:
        raise Broken("fit yields nothing: the engine can neither log nor save", "yield Progress(step, epoch) whenever the state is whole")
    if strange := [type(each).__name__ for each in heard if not isinstance(each, Progress)]:
        raise Broken(f"fit yields a {strange[0]}", "yield medai.tasks.Progress")
    steps = [each.step for each in heard]
    if any(later <= earlier for earlier, later in itertools.pairwise(steps)) or steps[0] < 1:
        raise Broken(f"the steps that fit yields do not grow: {steps}", "count steps in all from 1")


@check("model.same-seed-same-weights", "of the same seed come the same weights")
def same_seed_same_weights(subject: ModelSubject) -> None:
    states = []
    for elsewhere in (1, 2):
        # What the engine does not seed stands wherever it happens to.
        seed_all(elsewhere)
        predictor: Any = subject.predictor()
        if not hasattr(predictor, "state_dict"):
            raise NotApplicable("it keeps no state")
        states.append(predictor.state_dict())
    if place := _first_difference(*states):
        raise Broken(f"built twice with one seed, {place} differs", "draw weights with torch alone, whose generator the engine seeds")


@check("model.same-seed-same-training", "of the same seed come the same figures, with no loader process and with two")
def same_seed_same_training(subject: ModelSubject) -> None:
    must_learn(subject)
    runs, first = [], prepared(subject)
    for workers, predictor in ((0, first), (2, twin(subject, first))):
        # What the engine does not seed stands wherever it happens to.
        seed_all(workers)
        heard = lesson(subject, predictor, STEPS, workers=workers)
        seed_all(0)
        predicted = predictor.predict(subject.batch(1))
        runs.append(([dict(progress.losses) for progress in heard], predicted))
    (losses, predicted), (others, other) = runs
    if difference(losses, others) > CLOSE / 10 or difference(predicted, other) > CLOSE / 10:
        raise Broken(
            f"trained twice with one seed, without and with loader processes, it learns otherwise: {_told(losses)}, then {_told(others)}",
            "draw from torch's generator in a training step, from context.seed in fit; keep the order in which the feed gives the cases",
        )


@check("model.answers-in-physical-units", "after a few steps its predictions are on the reference's scale")
def answers_in_physical_units(subject: ModelSubject) -> None:
    if subject.task.reference is not subject.task.prediction:
        raise NotApplicable("the task's predictions are of another type than its references")
    # On the cases that it has learnt: how well it does on others is not the question.
    predictor, count = (studied(subject)[1], BATCH) if _can_study(subject) else (another(subject), len(subject.situation.training))
    ours, theirs = [], []
    for place, sample in enumerate(subject.situation.training):
        theirs.append(_numbers(sample.reference))
        if place < count:
            ours.append(_numbers(next(iter(predictor.predict(subject.batch(1, start=place))))))
            if not theirs[-1].numel() or ours[-1].shape != theirs[-1].shape:
                raise NotApplicable("predictions hold no numbers that can be set beside the reference's, one by one")
    hold_to_scale(torch.cat(ours), torch.cat(theirs[:count]), float(torch.cat(theirs).std(correction=0)))


def hold_to_scale(ours: torch.Tensor, theirs: torch.Tensor, spread: float) -> None:
    """Raise Broken where predictions are on another scale than references that have this deviation over all cases."""
    if not spread or not bool(ours.isfinite().all()):
        raise NotApplicable("the references are all the same, or predictions are not finite")
    error = float((ours - theirs).square().mean().sqrt()) / spread
    slope = _slope(ours, theirs)
    # Of a model that has hardly learnt, values that were never scaled back are as near as the mean, and follow nothing.
    scaled = ours.numel() >= _MANY_VALUES and spread > _MOST_SCALED and 0 <= float(ours.min()) <= float(ours.max()) <= 1
    if scaled or error > _MOST_ERROR or (slope and not 1 / _MOST_SLOPE < slope < _MOST_SLOPE):
        raise Broken(
            f"predictions have the mean {float(ours.mean()):.3g} and the deviation {float(ours.std(correction=0)):.3g}, the references"
            f" {float(theirs.mean()):.3g} and {spread:.3g}",
            "undo the normalisation inside the model: predictions are in the reference's own unit",
        )


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _course(losses: list[float]) -> tuple[float, float, float]:
    """Where losses began, where they are at last, and the highest that they were over a quarter of the way."""
    quarter = max(1, len(losses) // 4)
    means = [sum(losses[start : start + quarter]) / quarter for start in range(0, len(losses) - quarter + 1, quarter)]
    return sum(losses[:2]) / len(losses[:2]), sum(losses[-quarter:]) / quarter, max(means)


def _by_adam(subject: ModelSubject) -> list[Progress]:
    return lesson(subject, prepared(subject), LONG, cases=subject.situation.training[:BATCH], optimizer=ADAM)


def _can_study(subject: ModelSubject) -> bool:
    try:
        must_learn(subject)
    except NotApplicable:
        return False
    return isinstance(subject.predictor(), ModuleLearner)


def _numbers(value: Any) -> torch.Tensor:
    return torch.cat([each.double().flatten() for each in tensors(value) if each.is_floating_point()] or [torch.zeros(0).double()])


def _slope(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """By how much to multiply predictions that follow the references; 0 where they do not, or where there are too few to say."""
    if ours.numel() < _MANY_VALUES or not float(ours.std(correction=0)):
        return 0.0
    correlation = float(torch.corrcoef(torch.stack([ours, theirs]))[0, 1])
    return correlation * float(theirs.std(correction=0) / ours.std(correction=0)) if correlation > 0.5 else 0.0


def _first_difference(first: Any, second: Any) -> str:
    ones, others = dict(leaves(first)), dict(leaves(second))
    if ones.keys() != others.keys():
        return "the state's structure"
    return next((name for name, value in ones.items() if difference(value, others[name]) > 0), "")


def _told(losses: list[dict[str, Any]]) -> str:
    return ", ".join(f"{sum(map(float, each.values())):.6g}" for each in losses)
