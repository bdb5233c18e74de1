"""The check that what a plugin says it answers is answered by something that runs."""

from __future__ import annotations

import re

from medai._discovery import registry
from medai.api import Table
from medai.errors import MedaiError
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ComponentSubject

_ROW = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")


@check(
    "component.implements-runs",
    "what it says it implements is named once in its kind, and it runs: a recipe on stub data, others as they are tried",
)
def implements_runs(subject: ComponentSubject) -> None:
    rows = subject.entry.spec.implements
    if not rows:
        raise NotApplicable("it implements nothing that it names")
    for row in rows:
        if not _ROW.fullmatch(row):
            raise Broken(f"{row!r} is no row's id", "write lower-case words joined by hyphens")
        if rows.count(row) > 1:
            raise Broken(f"{row!r} stands there twice", "name each row once")
    for other in registry().entries(subject.entry.kind):
        doubled = set(rows) & set(other.spec.implements)
        if other.plugin == subject.entry.plugin and other != subject.entry and doubled:
            raise Broken(f"{min(doubled)!r} is claimed by {other.id} too", "let one answer it")
    if isinstance(subject.entry.spec, Table):
        _require_recipes(subject.entry.spec)
    else:
        _require_run(subject)


def _require_recipes(table: Table) -> None:
    for cell in table.cells:
        try:
            registry().find("recipe", cell.recipe)
        except MedaiError as error:
            raise Broken(str(error), "name recipes that are there") from error


def _require_run(subject: ComponentSubject) -> None:
    try:
        subject.try_out()
    except NotApplicable:
        raise
    except (Exception, SystemExit) as error:
        reason = error.reason if isinstance(error, Broken) else f"{type(error).__name__}: {error}"
        raise Broken(
            f"it claims {', '.join(subject.entry.spec.implements)} and does not run: {reason}", "take the claim out until it does"
        ) from error
