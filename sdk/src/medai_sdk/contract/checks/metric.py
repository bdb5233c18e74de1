"""Checks of a metric of predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from medai.tasks import Sample
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.measured import MetricSubject, figures, parts_of
from medai_sdk.contract.trials.comparing import copied, difference
from medai_sdk.contract.trials.spoiling import degenerate, untied, worse_answers

_SAME = 1e-5
"""Of a figure's size: what sums in another order, in single precision, may make of it."""
_COPIES = (8, 16)
"""How often each case is counted: by then, corrections for few cases have worn off, and what still grows is a sum."""
_GROWTH = 0.1
"""Of a figure's size."""


@check("metric.better-is-declared", "`better` is 'higher' or 'lower'")
def better_is_declared(subject: MetricSubject) -> None:
    if subject.of_model:
        raise NotApplicable("it measures models, whose figures are not judged")
    better = getattr(subject.build(), "better", None)
    if better not in ("higher", "lower"):
        raise Broken(f"better is {better!r}", 'write better: Literal["higher", "lower"] = "higher" in the class')


@check("metric.figures-are-floats", "`total` gives figures by name, each a float of Python's")
def figures_are_floats(subject: MetricSubject) -> None:
    found = figures(subject.build(), subject.samples, subject.perfect)
    if not isinstance(found, Mapping) or not found:
        raise Broken(f"total gave {found!r}", "give a mapping of names to floats")
    for name, value in found.items():
        if not isinstance(name, str) or not name or not isinstance(value, float):
            raise Broken(f"{name!r} is a {type(value).__name__}", "names are texts and figures float(...), or math.nan")


@check("metric.perfect-is-best", "predictions that agree with the references get the best figures, better than others")
def perfect_is_best(subject: MetricSubject) -> None:
    metric, samples, perfect = subject.build(), subject.samples, subject.perfect
    better = getattr(metric, "better", "")
    if better not in ("higher", "lower"):
        raise NotApplicable("it does not say which way is good: see metric.better-is-declared")
    higher = better == "higher"
    best = figures(metric, samples, perfect)
    others = [(word, figures(metric, samples, answers)) for word, answers in worse_answers(subject.task, samples, perfect)]
    if not others:
        raise NotApplicable("the task takes no other answers for these cases")
    for word, found in others:
        for name in best.keys() & found.keys():
            if _ahead(found[name], best[name], higher) > _slack(best[name]):
                raise Broken(
                    f"{name} is {found[name]:.6g} for {word}, and {best[name]:.6g} for perfect predictions; better is {_way(higher)!r}",
                    "let `better` say which way is good, and compare with the reference",
                )
    _require_judgement(best, [found for _, found in others], higher)


@check("metric.order-does-not-matter", "the figures are the same for the same parts in another order")
def order_does_not_matter(subject: MetricSubject) -> None:
    metric = subject.build()
    parts = parts_of(metric, subject.samples, _doubtful(subject))
    whole = dict(metric.total(parts))
    for word, order in {
        "reversed": parts[::-1],
        "shifted by one": [*parts[1:], *parts[:1]],
        "odd before even": parts[::2] + parts[1::2],
    }.items():
        _require_same(
            whole, metric.total(order), f"{word}, the same cases give", "let total depend on its parts alone, whatever their order"
        )


@check("metric.cases-are-independent", "a case's part does not depend on the cases that were measured before it")
def cases_are_independent(subject: MetricSubject) -> None:
    samples, answers = subject.samples, _doubtful(subject)
    metric = subject.build()
    alone = [part for sample, answer in zip(samples, answers, strict=True) for part in _kept_parts(subject.build(), [sample], [answer])]
    wanted = dict(subject.build().total(alone))
    mend = "keep nothing in the object: case gives all that total needs"
    for word in ("after one another", "measured a second time"):
        _require_same(wanted, metric.total(_kept_parts(metric, samples, answers)), f"{word}, the cases give", mend)
    # Backwards, so that whatever is kept is another's.
    backwards = _kept_parts(metric, samples[::-1], answers[::-1])[::-1]
    _require_same(wanted, metric.total(backwards), "measured backwards, the cases give", mend)
    metric.total(alone[:1])
    _require_same(wanted, metric.total(alone), "after a total of one case, all give", "keep nothing from one total to the next")


@check(
    "metric.parts-stay-as-they-are",
    "a part is a value: it counts the same when it is copied, and does not change while others are measured",
)
def parts_stay_as_they_are(subject: MetricSubject) -> None:
    metric, kept, parts = subject.build(), [], []
    for sample, answer in zip(subject.samples, _doubtful(subject), strict=True):
        parts.append(metric.case(answer, sample))
        kept.append(copied(parts[-1]))
    wanted = dict(metric.total(kept))
    _require_same(
        wanted, metric.total(parts), "copied as they were given, and as they are now, the parts give", "give a part that nothing else holds"
    )
    _require_same(wanted, metric.total(parts), "totalled twice, the parts give", "do not change parts in total")


@check(
    "metric.cases-can-be-drawn-again",
    "`total` takes one case, some, or a case twice, as a bootstrap draws them, under the names that all have, and sums up nothing",
)
def cases_can_be_drawn_again(subject: MetricSubject) -> None:
    metric = subject.build()
    parts = parts_of(metric, subject.samples, _doubtful(subject))
    names = list(metric.total(parts))
    drawn = {"one case": parts[:1], "two cases": parts[-2:], "one case twice": [parts[0], parts[0]], "all cases twice": [*parts, *parts]}
    for word, some in drawn.items():
        found = list(metric.total(some))
        if set(found) - set(names) or found[:1] != names[:1]:
            raise Broken(
                f"all cases have the figures {names}, {word} {found}", "name a figure alike whatever cases there are; NaN where not defined"
            )
    few, many = (metric.total(parts * count) for count in _COPIES)
    for name in few.keys() & many.keys():
        if _grows(few[name], many[name], metric.total(parts)[name]):
            raise Broken(
                f"{name} is {few[name]:.6g} of each case {_COPIES[0]} times, and {many[name]:.6g} of each {_COPIES[1]} times",
                "divide a sum by the number of cases, or of what was counted in them",
            )


@check("metric.empty-cases-are-defined", "cases with nothing in them, or all alike, give a finite number or NaN, and never an error")
def empty_cases_are_defined(subject: MetricSubject) -> None:
    metric, task, samples, perfect = subject.build(), subject.task, subject.samples, subject.perfect
    seen = False
    for place, (sample, answer) in enumerate(zip(samples, perfect, strict=True)):
        for word, empty in degenerate(task, sample):
            seen = True
            (agreeing,) = task.perfect([empty]) or [answer]
            _require_defined(metric, [empty], [agreeing], f"a reference {word}, and the answer that agrees")
            _require_defined(metric, [empty], [answer], f"a reference {word}, and an answer that is not")
            if place == 0:
                _require_no_loss(subject, empty, word)
    for word, answers in worse_answers(task, samples, perfect):
        seen = True
        _require_defined(metric, samples, answers, word)
        _require_defined(metric, samples[:1], answers[:1], word)
    if not seen:
        raise NotApplicable("the task takes no degenerate case")


@check("metric.leaves-its-input", "predictions and samples are as they were")
def leaves_its_input(subject: MetricSubject) -> None:
    samples, answers = subject.samples, _doubtful(subject)
    before = copied(list(samples)), copied(list(answers))
    figures(subject.build(), samples, answers)
    for what, was, held in zip(("samples", "predictions"), before, (samples, answers), strict=True):
        if any(difference(getattr(one, "reference", one), getattr(two, "reference", two)) for one, two in zip(was, held, strict=True)):
            raise Broken(f"the {what} are changed", "work on copies: tensor.clone(), and no operation that ends in an underscore")
        if what == "samples" and any(difference(one.inputs, two.inputs) for one, two in zip(was, held, strict=True)):
            raise Broken("the inputs are changed", "work on copies: tensor.clone(), and no operation that ends in an underscore")


def _doubtful(subject: MetricSubject) -> list[Any]:
    """Answers of which some are right and some not, so that cases differ in their figures."""
    found = [answers for _, answers in worse_answers(subject.task, subject.samples, subject.perfect)]
    mixed = [found[place % len(found)][place] if found and place % 3 else answer for place, answer in enumerate(subject.perfect)]
    # Which of equally sure answers of two cases comes first, a ranking may leave to their order, as COCO's does.
    return untied(subject.task, subject.samples, mixed)


def _require_judgement(best: Mapping[str, float], others: Sequence[Mapping[str, float]], higher: bool) -> None:
    """Each figure that is defined for perfect predictions and for others must be worse for one of them."""
    defined = {name: value for name, value in best.items() if not math.isnan(value)}
    if not defined:
        raise Broken(f"for perfect predictions, no figure is defined: {_told(best)}", "compare with the reference")
    for name, value in defined.items():
        found = [each[name] for each in others if not math.isnan(each.get(name, math.nan))]
        if found and not any(_ahead(value, each, higher) > _slack(value) for each in found):
            raise Broken(
                f"{name} is {value:.6g} for perfect predictions, and no worse for any other",
                "compare with the reference, and give no figure that says nothing of the predictions",
            )


def _require_no_loss(subject: MetricSubject, empty: Sample[Any, Any], word: str) -> None:
    """A case with nothing in it takes no figure from the other cases."""
    metric, task, others = subject.build(), subject.task, subject.samples[1:]
    held = [empty, *others]
    found = _require_defined(metric, held, task.perfect(held), f"a reference {word} among others")
    without = figures(metric, others, task.perfect(others)) if others else {}
    for name, value in without.items():
        if not math.isnan(value) and math.isnan(found.get(name, value)):
            raise Broken(f"with a reference {word} among {len(held)} cases, {name} is not defined", "leave that case out of the figure")


def _grows(few: float, many: float, once: float) -> bool:
    """Whether a figure goes on growing with the number of times that each case is counted."""
    if not (math.isfinite(few) and math.isfinite(many)):
        return False
    size = max(abs(few), abs(many), abs(once) if math.isfinite(once) else 0.0)
    return abs(many - few) > max(_SAME, _GROWTH * size)


def _slack(value: float) -> float:
    """What rounding may make of a figure."""
    return _SAME * max(1.0, abs(value)) if math.isfinite(value) else _SAME


def _kept_parts(metric: Any, samples: Sequence[Any], answers: Sequence[Any]) -> list[Any]:
    """Each part as it was given, whatever becomes of it, and of what the metric was given."""
    return [copied(metric.case(copied(answer), copied(sample))) for sample, answer in zip(samples, answers, strict=True)]


def _require_same(wanted: Mapping[str, float], found: Mapping[str, float], what: str, mend: str) -> None:
    apart = difference(dict(wanted), dict(found), least=1.0)
    if apart > _SAME:
        raise Broken(f"{what} {_told(found)} in place of {_told(wanted)}", mend)


def _require_defined(metric: Any, samples: Sequence[Any], answers: Sequence[Any], what: str) -> Mapping[str, float]:
    try:
        found = figures(metric, samples, answers)
        endless = [name for name, value in found.items() if math.isinf(float(value))]
    except Exception as error:
        raise Broken(f"{what}: {type(error).__name__}: {error}", "give math.nan where a figure is not defined") from error
    if endless:
        raise Broken(
            f"{what}: {endless[0]} is {found[endless[0]]}", "give math.nan where a figure is not defined, and a bound where it has none"
        )
    return found


def _ahead(one: float, other: float, higher: bool) -> float:
    """How much better one figure is than another; 0 where one of them is not defined."""
    if math.isnan(one) or math.isnan(other) or one == other:
        return 0.0
    return one - other if higher else other - one


def _way(higher: bool) -> str:
    return "higher" if higher else "lower"


def _told(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in found.items())
