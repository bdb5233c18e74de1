"""What a check is: a function that returns when the contract is kept, and raises when it is not or does not apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeVar

Level = Literal["must", "advice"]
Subject = TypeVar("Subject")

_MODULES = (
    "plugin",
    "plugin_distribution",
    "plugin_deprecated",
    "component",
    "declared",
    "dataset",
    "dataset_cases",
    "dataset_reading",
    "dataset_views",
    "model",
    "model_learning",
    "model_state",
    "loss",
    "metric",
    "metric_drawing",
    "metric_model",
    "metric_settled",
    "metric_training",
    "exporter",
    "exporter_model",
    "task",
    "task_answers",
    "recipe",
    "table",
    "implements",
    "advice",
    "component_last",
)
_CHECKS: dict[str, Check] = {}

UNDENIABLE = (
    *("component.target-resolves", "component.can-be-tried", "component.implements-runs", "component.declares-real-checks"),
    "recipe.runs-on-stub-data",
)
"""Checks that no `known_failures` excuses: what fails them is not there, and all its other checks would fall silent."""


class Broken(Exception):
    """The contract is broken.

    Attributes:
        reason: what was seen, with figures and names.
        mend: what the author can do, in one sentence.
    """

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason, self.mend = reason, mend


class NotApplicable(Exception):
    """The check has nothing to look at, for a reason that the kit found in what the component offers, never in what it says of itself."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One sentence of the contract.

    Attributes:
        name: `kind.words-joined-by-hyphens`; the kind is that of the subject: `plugin`, `component` (each component, recipe and table),
            or one of medai's kinds.
        says: the sentence that holds when it passes.
        level: `must` is the contract; `advice` is reported and breaks nothing.
        run: raises `Broken` or `NotApplicable`; anything else that it raises is the component's fault too.
    """

    name: str
    says: str
    level: Level
    run: Callable[[Any], None]

    @property
    def kind(self) -> str:
        """What it looks at."""
        return self.name.partition(".")[0]


def check(name: str, says: str, *, level: Level = "must") -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """Declare a function of a subject as a check."""

    def declare(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
        assert name not in _CHECKS, name
        _CHECKS[name] = Check(name=name, says=says, level=level, run=run)
        return run

    return declare


def all_checks() -> Iterator[Check]:
    """Every check, in the order of the modules; this imports them, and torch."""
    for module in _MODULES:
        import_module(f"medai_sdk.contract.checks.{module}")
    yield from _CHECKS.values()


def checks_of(*kinds: str) -> Iterator[Check]:
    """The checks of these kinds, in the same order; those of `plugin` alone are had without torch."""
    for module in _MODULES:
        if module.startswith("plugin") or kinds != ("plugin",):
            import_module(f"medai_sdk.contract.checks.{module}")
    yield from (each for each in _CHECKS.values() if each.kind in kinds)
