"""Checks of a model: its answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import torch

from medai._engine.module import ModuleLearner
from medai.errors import DataError, MedaiError, UsageError
from medai.tasks import Batch, Image, Sample
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.lessons import another, answers, answers_and_outputs, taught
from medai_sdk.contract.subjects.steps import can_step, loss_of, step_of, turns_of
from medai_sdk.contract.trials.comparing import CLOSE, copied, difference, differs, tensors
from medai_sdk.contract.watching.chance import reset_by, seed_all
from medai_sdk.contract.watching.outputs import Outputs, alike_in_shape, by_case, outputs_of_modules

_COUNT = 3


@check(
    "model.answers-each-case",
    "predict gives one prediction per case, of the task's type, shape, dtype and unit, on the CPU; of a batch of one too",
)
def answers_each_case(subject: ModelSubject) -> None:
    for count in (1, 2):
        found = answers(subject, subject.batch(count, training=count > 1))
        if len(found) != count:
            raise Broken(f"{len(found)} predictions for a batch of {count}", "give one prediction per case")
        samples = subject.situation.training if count > 1 else subject.situation.given
        for prediction, sample in zip(found, samples, strict=False):
            if fault := _fault(subject, prediction, sample):
                raise Broken(fault, "give what the task's documentation says of a prediction")


@check("model.takes-other-sizes", "it answers images of other sizes, or says by a DataError or UsageError that it does not take them")
def takes_other_sizes(subject: ModelSubject) -> None:
    own = subject.situation.given[0]
    if not isinstance(own.inputs, Image):
        raise NotApplicable(f"its input is a {type(own.inputs).__name__}, which has no size")
    if _fault(subject, answers(subject, Batch.of([own]))[0], own):
        raise NotApplicable("its prediction is at fault at the first size already: see model.answers-each-case")
    refused: list[str] = []
    sizes = _other_sizes(tuple(own.inputs.pixels.shape[1:]))
    for size in sizes:
        sample = _resized(own, size)
        words = " x ".join(map(str, size))
        try:
            (prediction,) = answers(subject, Batch.of([sample]))
        except (DataError, UsageError) as error:
            refused.append(str(error))
            continue
        except Exception as error:
            mend = "pad the input to what it needs (medai.inference.padded, Fit), or raise a DataError that says which sizes it takes"
            raise Broken(f"at {words} it fails with {type(error).__name__}: {error}", mend) from error
        if fault := _fault(subject, prediction, sample):
            raise Broken(f"at {words}: {fault}", "answer on the input's own grid")
    if len(refused) == len(sizes):
        raise NotApplicable(f"it takes one size alone, and says so: {refused[0]}")


@check("model.keeps-order", "predictions stand in the order of the batch's cases")
def keeps_order(subject: ModelSubject) -> None:
    predictor = taught(subject)
    # What has a predict of its own may put its network's outputs in order there.
    plain = isinstance(predictor, ModuleLearner) and not hasattr(predictor.module, "predict")
    for what, together, alone in _together_and_alone(subject):
        for place, answer in enumerate(together if plain or what is _ANSWER else ()):
            apart = [difference(answer, other, least=what.least) for other in alone]
            found = apart.index(min(apart))
            if apart[place] > CLOSE >= apart[found]:
                raise Broken(f"{what.words} {place + 1} of a batch is that of case {found + 1}", "keep the order of batch.cases")


@check("model.judges-each-case-alone", "in evaluation mode a case's prediction does not depend on the batch's other cases")
def judges_each_case_alone(subject: ModelSubject) -> None:
    for what, together, alone in _together_and_alone(subject):
        for place, answer in enumerate(together):
            # Wherever it stands: that is what model.keeps-order looks at.
            apart = min(difference(answer, other, least=what.least) for other in alone)
            if apart > CLOSE:
                raise Broken(
                    f"the {what.words} of case {place + 1} of a batch is not its {what.words} alone: they differ by {_percent(apart)}",
                    "take no statistics over the batch when it predicts (batch norm in training mode, a mean over axis 0)",
                )


@check("model.forgets-earlier-calls", "a prediction does not depend on what was asked before")
def forgets_earlier_calls(subject: ModelSubject) -> None:
    predictor, found = another(subject), []
    for start in (0, 1, 2, 0):
        seed_all(0)
        with outputs_of_modules() as outputs:
            found.append((list(predictor.predict(subject.batch(1, start=start))), outputs))
    if told := _told_apart(found[0], found[-1]):
        raise Broken(f"asked again, after other cases, it answers otherwise{told}", "keep nothing from one call to the next")


@check("model.answers-alike", "a prediction does not depend on chance: it draws no random number")
def answers_alike(subject: ModelSubject) -> None:
    batch = subject.batch(2)
    first, second = (answers_and_outputs(subject, batch, seed=seed) for seed in (1, 2))
    if told := _told_apart(first, second):
        raise Broken(
            f"when random generators stand elsewhere, the same model answers the same case otherwise{told}",
            "draw nothing in predict: dropout off in evaluation mode (self.training), a generator with a fixed seed where it must draw",
        )


@check("model.leaves-its-inputs-alone", "neither predict nor a training step changes inputs or references in place")
def leaves_its_inputs_alone(subject: ModelSubject) -> None:
    batch = subject.batch(2)
    before = copied(batch)
    answers(subject, batch)
    if place := differs(before, batch):
        raise Broken(f"predict changed the batch's {place} in place", "work on a copy: x = x * 2 in place of x *= 2")
    predictor = taught(subject)
    if not isinstance(predictor, ModuleLearner) or not can_step(subject):
        return
    module, loss = another(subject).module, loss_of(subject)
    for turn in turns_of(module):
        step_of(subject, module, loss, batch, turn)
        if place := differs(before, batch):
            raise Broken(f"a training step changed the batch's {place} in place", "work on a copy: x = x * 2 in place of x *= 2")


@check("model.leaves-random-generators-alone", "it does not seed generators that the whole process shares")
def leaves_random_generators_alone(subject: ModelSubject) -> None:
    batch, predictor = subject.batch(2), another(subject)
    actions: dict[str, Any] = {"building it": subject.build, "predict": lambda: predictor.predict(batch)}
    if isinstance(predictor, ModuleLearner) and can_step(subject):
        loss, task, turn = loss_of(subject), subject.task, turns_of(predictor.module)[0]
        step = _bare_step(predictor.module, task, loss, batch, turn)
        actions["a training step"] = step
    for name, action in actions.items():
        if found := reset_by(action):
            raise Broken(
                f"{name} seeds the generator of {', '.join(found)} for the whole process",
                "draw from a generator of its own: torch.Generator().manual_seed(n), numpy.random.default_rng(n)",
            )


def _fault(subject: ModelSubject, prediction: Any, sample: Sample[Any, Any]) -> str:
    """What is wrong with a prediction, in words; nothing if nothing is."""
    wanted = subject.task.prediction
    if not isinstance(prediction, wanted):
        return f"a prediction is a {type(prediction).__name__}, not a {wanted.__name__}"
    elsewhere = {str(tensor.device) for tensor in tensors(prediction) if tensor.device.type != "cpu"}
    if elsewhere:
        return f"a prediction lies on {', '.join(elsewhere)}, not on the CPU"
    try:
        subject.task.check_prediction(prediction, sample)
    except MedaiError as error:
        return str(error)
    unit, due = getattr(prediction, "unit", None), getattr(sample.reference, "unit", None)
    return f"a prediction is in {unit!r}, not in {due!r}, as the reference is" if unit != due and None not in (unit, due) else ""


@dataclasses.dataclass(frozen=True)
class _Compared:
    """What is compared, in words, and the value below which differences are not looked at in relation to it."""

    words: str
    least: float = 0.0


_ANSWER = _Compared("prediction")
_OUTPUT = _Compared("raw output", least=0.01)
"""Of a network that has hardly learnt, a mask or a class may be the same whatever its logits are."""


def _together_and_alone(subject: ModelSubject) -> Iterator[tuple[_Compared, list[Any], list[Any]]]:
    """Predictions of cases in one batch and one by one; then, where they are along cases, the raw outputs behind them."""
    together, outputs = answers_and_outputs(subject, subject.batch(_COUNT))
    if len(together) != _COUNT:
        raise NotApplicable("it does not give one prediction per case: see model.answers-each-case")
    alone = [answers_and_outputs(subject, subject.batch(1, start=place)) for place in range(_COUNT)]
    yield _ANSWER, together, [found[0] for found, _ in alone]
    if pairs := by_case(outputs, [each for _, each in alone]):
        yield _OUTPUT, [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def _told_apart(first: tuple[list[Any], Outputs], second: tuple[list[Any], Outputs]) -> str:
    """How far two answers to one question are apart, or the raw outputs behind them; nothing where they are alike."""
    apart = difference(first[0], second[0])
    if apart > CLOSE / 100:
        return f", by {_percent(apart)}"
    ours, theirs = first[1], second[1]
    apart = difference(ours, theirs, least=_OUTPUT.least) if alike_in_shape(ours, theirs) else 0.0
    return f" in its {_OUTPUT.words}, by {_percent(apart)}" if apart > CLOSE / 100 else ""


def _other_sizes(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Larger by what networks halve evenly, and odd ones, larger and smaller."""
    *depth, height, width = shape
    steps = ((32, 0), (0, 64), (5, 13), (-min(7, height // 4), 9))
    return [(*depth, height + rows, width + columns) for rows, columns in steps]


def _resized(sample: Sample[Any, Any], size: tuple[int, ...]) -> Sample[Any, Any]:
    """The sample with its images, those of the reference too, cut or repeated to a size."""
    own = tuple(sample.inputs.pixels.shape[1:])

    def fitted(value: Any) -> Any:
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            return value
        changed = {}
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            if isinstance(held, torch.Tensor) and tuple(held.shape[-len(own) :]) == own:
                for axis, (length, given) in enumerate(zip(size, own, strict=True), start=held.ndim - len(own)):
                    held = held.index_select(axis, torch.arange(length) % given)
                changed[field.name] = held
        return dataclasses.replace(value, **changed) if changed else value

    return dataclasses.replace(sample, inputs=fitted(sample.inputs), reference=fitted(sample.reference))


def _bare_step(module: Any, task: Any, loss: Any, batch: Batch[Any, Any], turn: str) -> Any:
    """A training step without the seed that the engine sets before each."""
    from medai._engine.module import _Step

    step = _Step(module, task, loss)
    return lambda: (module.train(), step(batch, turn))


def _percent(share: float) -> str:
    return "in shape or kind" if share == float("inf") else f"{share:.2g} of the largest value"
