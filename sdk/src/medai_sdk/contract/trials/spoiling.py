"""Worse answers and degenerate cases, made of good ones without knowing what they mean: the task's own checks say which are sound."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from medai.errors import MedaiError
from medai.tasks import Sample, Task
from medai_sdk.contract.trials.comparing import difference


def worse_answers(
    task: Task[Any, Any, Any], samples: Sequence[Sample[Any, Any]], answers: Sequence[Any]
) -> Iterator[tuple[str, list[Any]]]:
    """Answers to the samples that are not those given, with a word for what was done: those of other cases, one for all, spoilt ones."""
    for step in range(1, len(answers)):
        yield from _sound(task, samples, answers, "another case's answer", [*answers[step:], *answers[:step]])
    for place in (0, -1):
        yield from _sound(task, samples, answers, "one answer for all cases", [answers[place]] * len(answers))
    for word, change in _CHANGES.items():
        yield from _sound(task, samples, answers, f"answers {word}", [_changed(answer, change) for answer in answers])


def degenerate(task: Task[Any, Any, Any], sample: Sample[Any, Any]) -> Iterator[tuple[str, Sample[Any, Any]]]:
    """The sample with a reference that has nothing in it, in each way that the task takes: no box, an empty mask, a constant image."""
    for word in ("emptied", "zeroed"):
        reference = _changed(sample.reference, _CHANGES[word])
        found = dataclasses.replace(sample, reference=reference)
        if reference is not None and _taken(lambda each: task.check(each), found):
            yield word, found


def untied(task: Task[Any, Any, Any], samples: Sequence[Sample[Any, Any]], answers: Sequence[Any]) -> list[Any]:
    """The answers, where the task takes them so, each with its numbers made a little smaller than those of the case before."""
    shrunk = [_changed(answer, functools.partial(_scaled, factor=1 - 0.01 * place)) for place, answer in enumerate(answers)]
    found = list(_sound(task, samples, answers, "", shrunk))
    return found[0][1] if found else list(answers)


def _sound(
    task: Task[Any, Any, Any], samples: Sequence[Sample[Any, Any]], answers: Sequence[Any], word: str, offered: Sequence[Any]
) -> Iterator[tuple[str, list[Any]]]:
    """What is offered where the task takes it for a case, else the case's own answer; nothing where that changes no answer."""
    chosen = []
    for sample, own, other in zip(samples, answers, offered, strict=True):
        fits = other is not None and _taken(functools.partial(task.check_prediction, sample=sample), other)
        chosen.append(other if fits else own)
    if difference(chosen, list(answers)) > 0:
        yield word, chosen


def _taken(check: Callable[[Any], None], value: Any) -> bool:
    try:
        check(value)
    except MedaiError:
        return False
    return True


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with each of its fields changed; None where it has no fields or cannot be made so."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return None
    try:
        return dataclasses.replace(value, **{field.name: change(getattr(value, field.name)) for field in dataclasses.fields(value)})
    except Exception:
        # A third party's type may refuse such values, and is then not spoilt in this way.
        return None


def _emptied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value[:0] if value.ndim else value
    return () if isinstance(value, tuple) else value


def _zeroed(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.zeros_like(value)
    return 0 if isinstance(value, int) and not isinstance(value, bool) else value


def _scaled(value: Any, factor: float) -> Any:
    return value * factor if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _turned(value: Any) -> Any:
    return value.flip(tuple(range(value.ndim))) if isinstance(value, torch.Tensor) and value.ndim else value


def _raised(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel():
        return value + value.std(correction=0).clamp(min=0.1)
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) else value


_CHANGES: dict[str, Callable[[Any], Any]] = {"emptied": _emptied, "zeroed": _zeroed, "turned about": _turned, "raised": _raised}
