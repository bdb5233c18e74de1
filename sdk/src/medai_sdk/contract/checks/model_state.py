"""Checks of a model: its state, and where it can go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medai._engine.checkpoint import load_state, save_state
from medai._engine.module import ModuleLearner, _Step
from medai.errors import DivergedError, PluginError
from medai.tasks import Batch
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.isolation.elsewhere import answers_elsewhere
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.lessons import another, answers, lesson, must_learn, taught, twin
from medai_sdk.contract.subjects.steps import can_step, loss_of, prepared, turns_of
from medai_sdk.contract.trials.comparing import CLOSE, difference, leaves, tensors
from medai_sdk.contract.trials.pickles import is_pickle
from medai_sdk.contract.watching.chance import seed_all
from medai_sdk.contract.watching.devices import mixes
from medai_sdk.contract.watching.staying import left_behind

_EXACT = 1e-6
_STEPS = 4


@check("model.state-can-be-kept", "its state is tensors, arrays and JSON values alone, no pickle")
def state_can_be_kept(subject: ModelSubject) -> None:
    predictor = taught(subject)
    state = _state_of(predictor)
    for place, value in leaves(state):
        if is_pickle(value):
            raise Broken(f"{place} of the state holds a pickle", "keep arrays and parameters, or a skops file for scikit-learn")
    try:
        save_state(subject.fresh_folder("state") / "state.safetensors", {"learner": state})
    except DivergedError as error:
        raise NotApplicable(f"its weights are not finite: {error}") from error
    except PluginError as error:
        raise Broken(str(error), "give tensors, numpy arrays, and what JSON has: texts, numbers, lists, tables") from error


@check("model.save-and-load", "a state saved and loaded into a new one reproduces the prediction")
def save_and_load(subject: ModelSubject) -> None:
    path = _saved(subject, taught(subject))
    # Of another seed: a weight that is not in the state shows.
    fresh: Any = subject.predictor(seed=1)
    fresh.load_state_dict(load_state(path))
    batch = subject.batch(2)
    expected = answers(subject, batch)
    seed_all(0)
    apart = difference(expected, list(fresh.predict(batch)))
    if apart > _EXACT:
        raise Broken(
            f"loaded into a new one, the state gives other predictions, by {_said(apart)}",
            "whatever a prediction depends on belongs into parameters, buffers or state_dict, and is drawn by the seed only before that",
        )


@check("model.learning-goes-on", "training that is interrupted, saved and loaded goes on as if it had not been")
def learning_goes_on(subject: ModelSubject) -> None:
    must_learn(subject)
    unbroken: Any = prepared(subject)
    first: Any = twin(subject, unbroken)
    seed_all(0)
    total = len(lesson(subject, unbroken, _STEPS))
    done = max(1, total // 2)
    seed_all(0)
    lesson(subject, first, _STEPS, stop=done)
    path = _saved(subject, first)
    second: Any = subject.predictor()
    second.load_state_dict(load_state(path))
    seed_all(0)
    if total > done:
        lesson(subject, second, _STEPS, stop=total - done)
    batch, found = subject.batch(2), []
    for predictor in (unbroken, second):
        seed_all(0)
        found.append(list(predictor.predict(batch)))
    apart = difference(*found)
    if apart > CLOSE / 10:
        raise Broken(
            f"interrupted after step {done} of {total}, saved, loaded and gone on with, it answers otherwise, by {_said(apart)}",
            "whatever learning depends on (counters, averages, what was tried) belongs into the state",
        )


@check("model.works-in-a-new-process", "built anew in a process that was started afresh, with its state, it answers alike")
def works_in_a_new_process(subject: ModelSubject) -> None:
    predictor = taught(subject)
    path = _saved(subject, predictor) if hasattr(predictor, "state_dict") else None
    batch = subject.batch(2)
    try:
        found = answers_elsewhere(subject.situation.use, subject.situation.task, path, batch)
    except Exception as error:
        mend = "nothing that it needs may stand in this process alone; what travels must be picklable: no lambda, no open file"
        raise Broken(f"there it fails with {type(error).__name__}: {error}", mend) from error
    apart = difference(answers(subject, batch), found)
    if apart > CLOSE:
        raise Broken(
            f"there it answers otherwise, by {_said(apart)}",
            "depend on no state of the process: no hash() of texts, no counter in a module",
        )


@check("model.moves-to-a-device", "all of it follows to a device, and what it makes there is made there")
def moves_to_a_device(subject: ModelSubject) -> None:
    predictor = another(subject)
    module = predictor.module if isinstance(predictor, ModuleLearner) else predictor
    if not isinstance(module, nn.Module):
        raise NotApplicable("it is no torch module")
    batch = subject.batch(2)
    staying = left_behind(module, subject.watch.roots)
    for run, given in _runs(subject, module, batch):
        there = [*module.parameters(), *module.buffers(), *tensors(given)]
        if met := mixes(run, staying, there):
            raise Broken(
                f"on a GPU it would fail: {met}",
                "hold tensors by register_buffer or nn.Parameter and modules by nn.ModuleList, make tensors with device=x.device, and"
                " call .cpu() before numpy",
            )
    _try_real_device(subject, predictor, batch)


def _try_real_device(subject: ModelSubject, predictor: Any, batch: Batch[Any, Any]) -> None:
    """Answer on the GPU of a Mac; cards of CUDA are hidden from the process that checks, so that a verdict is the same on every machine."""
    if not torch.backends.mps.is_available():
        return
    expected = predictor.predict(batch)
    predictor.to(torch.device("mps"))
    on_device = batch if isinstance(predictor, ModuleLearner) else batch.to("mps")
    apart = difference(expected, list(predictor.predict(on_device)))
    if apart > 10 * CLOSE:
        raise Broken(f"on mps it answers otherwise than on the CPU, by {_said(apart)}")


def _runs(subject: ModelSubject, module: Any, batch: Batch[Any, Any]) -> Iterator[tuple[Callable[[], Any], Any]]:
    """Ways in which a module is run, each with what it is then given on its device: asked, and taught where it can be."""
    task = subject.task
    module.eval()
    with torch.no_grad():
        if hasattr(module, "predict"):
            yield lambda: module.predict(batch), batch
        else:
            # Made here: the engine moves what a task makes of a batch.
            given = task.arguments(batch)
            yield lambda: module(*given), given
    if isinstance(taught(subject), ModuleLearner) and hasattr(module, "training_step") and can_step(subject):
        module.train()
        step = _Step(module, task, loss_of(subject))
        yield lambda: step(batch, turns_of(module)[0]), batch


def _state_of(predictor: Any) -> Mapping[str, Any]:
    if not hasattr(predictor, "state_dict"):
        raise NotApplicable("it keeps no state")
    state: Mapping[str, Any] = predictor.state_dict()
    return state


def _saved(subject: ModelSubject, predictor: Any) -> Path:
    path = subject.fresh_folder("state") / "state.safetensors"
    try:
        save_state(path, _state_of(predictor))
    except (PluginError, DivergedError) as error:
        raise NotApplicable(f"its state cannot be kept: {error}") from error
    return path


def _said(share: float) -> str:
    return "in shape or kind" if share == float("inf") else f"{share:.2g} of the largest value"
