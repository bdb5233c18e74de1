"""Short trainings on a few cases, by the engine's own means, and models that have had one."""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional

from medai._engine.device import accelerator_for
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.module import ModuleLearner, _Step
from medai.api import Train, Use
from medai.errors import UsageError
from medai.tasks import Batch, Context, Predictor, Progress, Sample
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.situation import InMemory
from medai_sdk.contract.trials.comparing import copied, leaves
from medai_sdk.contract.watching.chance import seed_all

_CPU = torch.device("cpu")
BATCH = 2
STEPS = 3
"""Of the training that a model has had when it is asked for predictions: layers that begin at zero then have a say."""
LONG = 24
"""Of a training on one batch, in which something must be learnt."""
ADAM = Use("Adam", {"lr": 1e-3})


@dataclass(frozen=True)
class Gradients:
    """What reaches the parameters of a module in one step of each of its turns.

    Attributes:
        fault: why nothing could be found out: the loss has no gradient, or the step fails.
        losses: of each turn.
        without: parameters that no turn's loss reaches.
        endless: parameters with a gradient, or losses, that are not finite.
    """

    fault: str = ""
    losses: dict[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()


def module_of(predictor: Predictor[Any]) -> Any:
    """The torch module of a model that the engine teaches.

    Raises:
        NotApplicable: it teaches itself, or learns nothing.
    """
    if isinstance(predictor, ModuleLearner):
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
        predictor.module.prepare(_feed(subject, subject.situation.training, seed, 0))
    return predictor


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
    given = predictor.fit(_feed(subject, held, 0, workers), None, context)
    with closing(given if hasattr(given, "close") else _as_generator(given)) as progresses:
        for progress in itertools.islice(progresses, stop or steps):
            heard.append(progress)
            if time.monotonic() - began > seconds:
                break
    return heard


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
                return Gradients(f"a training step fails: {type(error).__name__}: {error}")
            if not total.requires_grad:
                return Gradients(f"the loss of the turn {turn!r} has no gradient: something on its way is detached")
            module.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            losses[turn] = float(total.detach())
            endless += [] if bool(total.isfinite()) else [f"the loss of the turn {turn!r}"]
            for name in trainable:
                gradient = named[name].grad
                if id(named[name]) in chosen and gradient is not None:
                    reached.add(name)
                    endless += [] if bool(gradient.isfinite().all()) or name in endless else [name]
    without = tuple(name for name in named if name in trainable - reached)
    return Gradients(losses=losses, without=without, endless=tuple(dict.fromkeys(endless)))


def step_of(subject: ModelSubject, module: Any, loss: Callable[..., Any] | None, batch: Batch[Any, Any], turn: str) -> torch.Tensor:
    """The summed loss of a training step, up to the backward pass."""
    module.train()
    torch.manual_seed(0)
    found = _Step(module, subject.task, loss)(batch, turn)
    total: torch.Tensor = functools.reduce(torch.add, found.values())
    return total


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
    predictor = another(subject)
    seed_all(seed)
    return list(predictor.predict(batch))


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


def _feed(subject: ModelSubject, samples: Sequence[Sample[Any, Any]], seed: int, workers: int) -> CaseFeed:
    held = InMemory(tuple(samples))
    return CaseFeed(held, subject.task, part="train", seed=seed, workers=workers, quarantine=Quarantine(0.0))


def _as_generator(given: Any) -> Any:
    def items() -> Iterator[Any]:
        yield from given or ()

    return items()


def _yes_or_no(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(output, target.to(output.dtype))


def _one_logit(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return _yes_or_no(output, target[:, None])
