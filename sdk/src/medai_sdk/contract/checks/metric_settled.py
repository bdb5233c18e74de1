"""Checks of a metric that chooses parameters on the validation part."""

from __future__ import annotations

from medai._engine.construct import construct
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.measured import MetricSubject, figures, parts_of
from medai_sdk.contract.trials.comparing import copied, difference
from medai_sdk.contract.trials.spoiling import worse_answers


@check(
    "metric.settles-on-its-own-parameters",
    "`settled` gives parameters of its constructor, and leaves the figures' names alone",
)
def settles_on_its_own_parameters(subject: MetricSubject) -> None:
    if subject.of != "predictions" or not hasattr(subject.build(), "settled"):
        raise NotApplicable("it chooses nothing")
    samples, perfect = subject.samples, subject.perfect
    others = [answers for _, answers in worse_answers(subject.task, samples, perfect)][:2]
    for answers in (perfect, *others):
        metric = subject.build()
        parts = parts_of(metric, samples, answers)
        before = copied(parts)
        chosen = metric.settled(parts)
        if difference(before, parts):
            raise Broken("the parts are changed", "work on copies")
        use = subject.situation.use
        try:
            settled = construct(use.id, {**use.params, **chosen}, kind="metric")
        except Exception as error:
            raise Broken(f"settled gave {chosen!r}: {error}", "give parameters of its own constructor, as JSON can hold them") from error
        if set(figures(settled, samples, answers)) != set(metric.total(parts)):
            raise Broken("with what it chose its figures have other names", "name a figure alike whatever is chosen")
        if dict(metric.settled(parts)) != dict(chosen):
            raise Broken(f"asked again it chose {metric.settled(parts)!r} in place of {chosen!r}", "choose by the parts alone")
