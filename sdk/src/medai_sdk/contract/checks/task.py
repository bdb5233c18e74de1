"""Checks of a task: what it declares, what it takes and refuses, and its samples in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from medai._discovery import registry
from medai._engine.construct import construct, signature_of
from medai.api import MetricSpec, Use
from medai.errors import DataError, MedaiError, PluginError
from medai.tasks import Batch, Sample
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.tasks import TaskSubject, Unreadable
from medai_sdk.contract.trials.comparing import copied, differs
from medai_sdk.stub.spoilt import spoilt

_NEEDED = ("arguments", "target", "predictions", "check", "check_prediction", "draw", "save", "load", "open")


@check("task.can-be-built", "its class takes no parameters that have no default, and has all that a task has")
def can_be_built(subject: TaskSubject) -> None:
    required = [name for name, each in signature_of(subject.target).items() if each.default is each.empty]
    if required:
        raise Broken(
            f"its constructor needs {', '.join(required)}", "a task has no parameters: its methods are given the protocol's options"
        )
    task = subject.target()
    missing = [name for name in _NEEDED if not callable(getattr(task, name, None))]
    if missing:
        raise Broken(f"it has no {', '.join(missing)}", "offer all that medai.tasks.Task names")


@check("task.declares-its-types", "reference and prediction are classes, references stack, and metrics are components by id")
def declares_its_types(subject: TaskSubject) -> None:
    task = subject.task
    for name in ("reference", "prediction"):
        if not isinstance(getattr(task, name, None), type):
            raise Broken(f"its {name} is {getattr(task, name, None)!r}, not a class")
    if not callable(getattr(task.reference, "stack", None)):
        raise Broken(f"{task.reference.__name__} has no stack", "offer stack(items), a class method that makes a batch's reference")
    if not isinstance(task.metrics, tuple) or not all(isinstance(each, Use) for each in task.metrics):
        raise Broken(f"its metrics are {task.metrics!r}", 'give a tuple of medai.api.use("plugin/metric")')


@check("task.metrics-exist", "each default metric is a metric of predictions that is installed and can be built")
def metrics_exist(subject: TaskSubject) -> None:
    if not subject.task.metrics:
        raise NotApplicable("it names no default metric")
    for use in subject.task.metrics:
        try:
            spec = registry().find("metric", use.id).spec
            metric = construct(use.id, use.params, kind="metric")
        except MedaiError as error:
            raise Broken(f"its metric {use.id}: {error}", "name one that this plugin, medai or a plugin that it requires offers") from error
        if not isinstance(spec, MetricSpec) or spec.of != "predictions" or not callable(getattr(metric, "total", None)):
            raise Broken(f"its metric {use.id} is no metric of predictions")


@check("task.has-samples", "there are samples with a reference: stub data, or of a dataset of its plugin that names the task")
def has_samples(subject: TaskSubject) -> None:
    try:
        subject.held  # noqa: B018
    except Unreadable:
        raise
    except NotApplicable:
        raise Broken(
            "no dataset of its plugin names it and gives samples with a reference", "offer a dataset with the task in its spec"
        ) from None


@check("task.takes-good-samples", "check takes good samples, with a reference and without, and changes nothing in them")
def takes_good_samples(subject: TaskSubject) -> None:
    for words, held in subject.held:
        for sample in (*held, replace(held[0], reference=None)):
            before = copied((sample.inputs, sample.reference))
            try:
                subject.task.check(sample)
            except DataError as error:
                without = "" if sample.reference is not None else " without its reference"
                raise Broken(f"{words}: case {sample.case.id}{without} is refused: {error.reason}") from error
            if place := differs(before, (sample.inputs, sample.reference)):
                raise Broken(f"{words}: check changes {place} of case {sample.case.id}", "look and do not touch")


@check("task.refuses-spoilt-samples", "check raises DataError for wrong dtypes, wrong shapes, values that are not finite, negative classes")
def refuses_spoilt_samples(subject: TaskSubject) -> None:
    tried = False
    for words, held in subject.held:
        sample = held[0]
        for part in ("inputs", "reference"):
            for fault, value in spoilt(getattr(sample, part)):
                tried = True
                bad = replace(sample, **{part: value})
                _require_refusal(DataError, f"{words}: {_words(part, value)} {fault}", subject.task.check, bad)
    if not tried:
        raise NotApplicable("input and reference are of its plugin's own types, whose conventions are its own")


@check("task.stacks-its-samples", "good samples make a batch, which can be moved, and a batch of one")
def stacks_its_samples(subject: TaskSubject) -> None:
    for words, held in subject.held:
        for count in (1, len(held)):
            batch = Batch.of(held[:count]).to("cpu")
            if len(batch.cases) != count or batch.reference is None:
                raise Broken(f"{words}: of {count} samples came a batch of {len(batch.cases)} cases, reference {batch.reference!r}")


@check("task.takes-perfect-predictions", "check_prediction takes predictions that agree with the reference, and without a reference too")
def takes_perfect_predictions(subject: TaskSubject) -> None:
    for words, held in subject.held:
        for sample, prediction in zip(held, perfect(subject, held), strict=True):
            for given in (sample, replace(sample, reference=None)):
                try:
                    subject.task.check_prediction(prediction, given)
                except MedaiError as error:
                    raise Broken(f"{words}: what agrees with case {sample.case.id} is refused: {error}") from error


@check("task.refuses-spoilt-predictions", "check_prediction raises PluginError for wrong types, values that are not finite, scores above 1")
def refuses_spoilt_predictions(subject: TaskSubject) -> None:
    tried = False
    for words, held in subject.held:
        for fault, value in spoilt(perfect(subject, held)[0]):
            tried = True
            _require_refusal(PluginError, f"{words}: {_words('prediction', value)} {fault}", subject.task.check_prediction, value, held[0])
    if not tried:
        raise NotApplicable("its predictions are of its plugin's own type, whose conventions are its own")


def perfect(subject: TaskSubject, held: Sequence[Sample[Any, Any]]) -> list[Any]:
    """Predictions that agree with the references.

    Raises:
        NotApplicable: the task does not say what agrees.
    """
    if not hasattr(subject.task, "perfect"):
        raise NotApplicable("it offers no perfect, which says what agrees with a reference")
    try:
        found = subject.task.perfect(held)
    except PluginError as error:
        raise NotApplicable(str(error)) from error
    if len(found) != len(held):
        raise Broken(f"perfect gave {len(found)} predictions for {len(held)} samples", "give one per sample, in order")
    return found


def _words(part: str, value: Any) -> str:
    return f"{part} ({type(value).__name__})"


def _require_refusal(wanted: type[MedaiError], what: str, refuses: Any, *given: Any) -> None:
    try:
        refuses(*given)
    except wanted:
        return
    except (Exception, SystemExit) as error:
        raise Broken(f"{what} gives {type(error).__name__}: {error}", f"raise {wanted.__name__} that says what is wrong") from error
    raise Broken(f"{what} is taken", f"raise {wanted.__name__} that says what is wrong")
