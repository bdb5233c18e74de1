"""Outcomes as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from medai_sdk.contract.outcome import Outcome, Report

_MARKS = {"passed": "ok", "failed": "FAILED", "known": "known", "not applicable": "n/a"}


def line_of(outcome: Outcome, *, verbose: bool = False) -> Iterator[str]:
    """What to print of an outcome: nothing of one that passed or does not apply, unless `verbose`."""
    if outcome.status in ("passed", "not applicable") and not verbose:
        return
    mark = "advice" if outcome.status == "failed" and outcome.level == "advice" else _MARKS[outcome.status]
    yield f"{mark:7}{outcome.id}"
    if outcome.status == "failed" and outcome.says:
        yield f"       wanted: {outcome.says}"
    if outcome.reason:
        yield f"       {outcome.reason}"
    if outcome.mend and outcome.status == "failed":
        yield f"       mend: {outcome.mend}"


def summary_of(report: Report) -> str:
    """`medai-acme 0.1.0: 61 checks ran: 60 passed, 1 failed; 14 do not apply`."""
    counts = report.counts()
    words = {"passed": "passed", "failed": "failed", "advice": "pieces of advice", "known": "known failures"}
    told = ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status] or status == "passed")
    return f"{report.distribution}: {report.ran} checks ran: {told}; {counts['not applicable']} do not apply"
