"""Checks of a component."""

from __future__ import annotations

from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ComponentSubject, TriedSubject


@check("component.target-resolves", "the spec's target can be imported and called")
def target_resolves(subject: ComponentSubject) -> None:
    if not callable(subject.target):
        raise Broken(f"{subject.entry.spec.target} is {type(subject.target).__name__}", "name a class or a function")  # type: ignore[union-attr]


@check("component.can-be-tried", "it can be built and answers, with its example, in a recipe or on stub data of its task")
def can_be_tried(subject: ComponentSubject) -> None:
    if not isinstance(subject, TriedSubject):
        raise NotApplicable(f"a {subject.entry.kind} is tried by checks of its own")
    subject.try_out()
