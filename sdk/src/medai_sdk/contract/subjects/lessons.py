"""Short trainings on a few cases, by the engine's own means, and models that have had one."""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import torch

from medai._engine.device import accelerator_for
from medai._engine.module import ModuleLearner
from medai.api import Train, Use
from medai.tasks import Batch, Context, Progress, Sample
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.steps import BATCH, feed_of, gradients, loss_of, prepared
from medai_sdk.contract.trials.comparing import copied, leaves
from medai_sdk.contract.watching.chance import seed_all
from medai_sdk.contract.watching.outputs import Outputs, outputs_of_modules

_CPU = torch.device("cpu")
STEPS = 3
"""Of the training that a model has had when it is asked for predictions: layers that begin at zero then have a say."""
LONG = 24
"""Of a training on one batch, in which something must be learnt."""
ADAM = Use("Adam", {"lr": 1e-3})


def twin(subject: ModelSubject, original: Any) -> Any:
    """Another one as it is when its first step comes, with the same weights."""
    found = prepared(subject)
    if hasattr(found, "load_state_dict"):
        found.load_state_dict(copied(original.state_dict()))
    return found


def lesson(
    subject: ModelSubject,
    predictor: Any,
    steps: int,
    *,
    stop: int | None = None,
    cases: Sequence[Sample[Any, Any]] | None = None,
    workers: int = 0,
    optimizer: Use | None = None,
    seconds: float = 20.0,
) -> list[Progress]:
    """What a model says while it learns for `steps` steps, on all training cases or on these, which are then one batch.

    It is interrupted behind the step `stop`, and after so many seconds.
    """
    held = cases or subject.situation.training
    train = _plan(subject.situation.train, steps, batch=len(cases) if cases else BATCH, optimizer=optimizer)
    context = Context(
        device=_CPU,
        seed=0,
        train=train,
        task=subject.task,
        loss=loss_of(subject),
        accelerator=accelerator_for(_CPU, "float32")[0],
        note=lambda text: None,
        folder=subject.fresh_folder("lesson"),
    )
    began, heard = time.monotonic(), []
    given = predictor.fit(feed_of(subject, held, 0, workers), None, context)
    with closing(given if hasattr(given, "close") else _as_generator(given)) as progresses:
        for progress in itertools.islice(progresses, stop or steps):
            heard.append(progress)
            if time.monotonic() - began > seconds:
                break
    return heard


def must_learn(subject: ModelSubject) -> None:
    """Raise NotApplicable when the model cannot take a step; other checks say what is wrong with it."""
    predictor = subject.predictor()
    if not hasattr(predictor, "fit"):
        raise NotApplicable("it has no fit: it learns nothing")
    if not isinstance(predictor, ModuleLearner):
        return
    found = gradients(subject)
    if found.fault:
        raise NotApplicable("it cannot take a step: see model.every-parameter-learns")
    if found.endless:
        raise NotApplicable("its gradients are not finite: see model.finite-gradients")


@functools.lru_cache(maxsize=1)
def studied(subject: ModelSubject) -> tuple[list[Progress], Any]:
    """What a model says while it learns one batch by heart, and the model then.

    Raises:
        NotApplicable: it learns nothing, or cannot take a step.
    """
    must_learn(subject)
    predictor = prepared(subject)
    return lesson(subject, predictor, LONG, cases=subject.situation.training[:BATCH]), predictor


@functools.lru_cache(maxsize=2)
def taught(subject: ModelSubject) -> Any:
    """The model as evaluation gets it: after a few steps, where it learns and can.

    Raises:
        NotApplicable: it fits itself, and that fails; `model.learns-by-steps` says why.
    """
    predictor = subject.predictor()
    try:
        must_learn(subject)
    except NotApplicable:
        return prepared(subject)
    try:
        lesson(subject, predictor, STEPS)
    except Exception as error:
        if isinstance(predictor, ModuleLearner):
            return prepared(subject)
        raise NotApplicable("its fit fails: see model.learns-by-steps") from error
    return predictor


def another(subject: ModelSubject) -> Any:
    """The taught model once more, with nothing shared: what one does leaves the other as it is."""
    original = taught(subject)
    try:
        if isinstance(original, ModuleLearner):
            return ModuleLearner(copy.deepcopy(original.module), subject.task, original.use)
        return copy.deepcopy(original)
    except Exception:
        # Not everything can be copied; it is then taught again.
        taught.cache_clear()
        return taught(subject)


def answers(subject: ModelSubject, batch: Batch[Any, Any], *, seed: int = 0) -> list[Any]:
    """What the taught model says of a batch, untouched by earlier calls; `seed` is that of the process's generators."""
    return answers_and_outputs(subject, batch, seed=seed)[0]


def answers_and_outputs(subject: ModelSubject, batch: Batch[Any, Any], *, seed: int = 0) -> tuple[list[Any], Outputs]:
    """The answers, and what the model's torch modules gave on the way to them."""
    predictor = another(subject)
    seed_all(seed)
    with outputs_of_modules() as outputs:
        found = list(predictor.predict(batch))
    return found, outputs


def total_of(progress: Progress) -> float:
    """The summed losses of a step."""
    return sum(float(value) for _, value in leaves(dict(progress.losses)))


def _plan(train: Train, steps: int, *, batch: int, optimizer: Use | None) -> Train:
    """The recipe's way to learn, for few steps: no schedule, which a few steps would not let begin, and in single precision."""
    return dataclasses.replace(
        train, batch=batch, steps=steps, epochs=None, schedule=None, schedule_every="step", warmup=0, precision="float32",
        validate_every=None, save_every=None, patience=None, select=None, halve_batch=False, views=(),
        optimizers=train.optimizers if optimizer is None else {"all": optimizer},
    )  # fmt: skip


def _as_generator(given: Any) -> Any:
    def items() -> Iterator[Any]:
        yield from given or ()

    return items()
