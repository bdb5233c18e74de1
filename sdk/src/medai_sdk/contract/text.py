"""Outcomes as lines for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set

from medai._words import close_to, listed
from medai.errors import UsageError
from medai_sdk.contract.outcome import Outcome, Report

_MARKS = {"passed": "ok", "failed": "FAILED", "known": "known", "not applicable": "n/a"}


def line_of(outcome: Outcome, *, verbose: bool = False) -> Iterator[str]:
    """What to print of an outcome: nothing of one that passed or does not apply, unless `verbose`."""
    if outcome.status in ("passed", "not applicable") and not verbose:
        return
    mark = "advice" if outcome.status == "failed" and outcome.level == "advice" else _MARKS[outcome.status]
    yield f"{mark:7}{outcome.id}"
    yield from (f"       {line}" for line in told(outcome, traceback=verbose or outcome.check == "plugin.can-be-loaded"))


def told(outcome: Outcome, *, traceback: bool = False) -> Iterator[str]:
    """What is wanted, what was seen, and what mends it."""
    if outcome.status == "failed" and outcome.says:
        yield f"wanted: {outcome.says}"
    yield from outcome.reason.splitlines()
    if outcome.mend and outcome.status == "failed":
        yield f"mend: {outcome.mend}"
    if traceback:
        yield from outcome.traceback.splitlines()


def summary_of(report: Report) -> str:
    """`medai-acme 0.1.0: 61 checks ran, 60 passed, 1 failed; 14 do not apply`."""
    counts = report.counts()
    words = {"passed": "passed", "failed": "failed", "known": "failed as declared", "advice": "gave advice"}
    counted = ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status] or status == "passed")
    untried = f"; of {listed(report.untried)} none ran" if report.untried else ""
    return f"{report.distribution}: {report.ran} checks ran, {counted}; {counts['not applicable']} do not apply{untried}"


def why_nothing(report: Report, only: Sequence[str]) -> str:
    """What to add where no check ran: what the names of `--only` have in common is nothing, or none of the checks applies."""
    if report.outcomes:
        return f": none of the {len(report.outcomes)} checks applies; -v says why"
    ids = [each for each in only if "/" in each or each == report.plugin]
    names = [each for each in only if each not in ids]
    if ids and names:
        return f": --only takes ids and other names together, and no check of {listed(ids)} is of {listed(names)}"
    return f": it has nothing of {listed(names)}" if names else ""


def unknown_name(only: Sequence[str], known: Set[str]) -> str:
    """What to say of the first name that is neither a check's, nor a kind's, nor an id; empty when each is one."""
    for each in only:
        if each not in known:
            close = close_to(each, sorted(known))
            hint = f"did you mean {' or '.join(close)}?" if close else "medai plugin check --list has the checks"
            return f"no check, kind or id is called {each!r}: {hint}"
    return ""


def listing_of(only: Sequence[str] = (), *, as_json: bool = False) -> str:
    """Every check of the contract, or those of some names or kinds, with what it wants; this imports torch."""
    from medai_sdk.contract.check import all_checks

    known = list(all_checks())
    refusal = unknown_name(only, {name for check in known for name in (check.name, check.kind)})
    if refusal:
        raise UsageError(refusal)
    # Of a kind's components, those of every component are checked too.
    kinds = {each for each in only if "." not in each} - {"plugin"}
    found = [each for each in known if not only or each.name in only or each.kind in only or (kinds and each.kind == "component")]
    if as_json:
        return json.dumps([{"name": check.name, "level": check.level, "says": check.says} for check in found], indent=1)
    width = max(len(check.name) for check in found)
    lines = [f"{check.name:{width}}  {'' if check.level == 'must' else '(advice) '}{check.says}" for check in found]
    return "\n".join([*lines, f"{len(found)} checks"])
