"""A rebuilt table as CSV, JSON, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medai._compare import Ranking
from medai._reproduce.conclusions import checked, standings
from medai._reproduce.gather import Result
from medai._reproduce.plan import Plan
from medai._reproduce.verdict import Reasons
from medai.io import write_csv, write_json, write_text

COLUMNS = (
    "row", "column", "reported", "reported_spread", "measured", "measured_spread", "spread", "low", "high", "interval",
    "cases", "groups", "seeds", "verdict", "why", "ties", "best",
    "better", "guest", "protocol_hash", "one_subject", "note", "folders",
)  # fmt: skip


def records(results: Sequence[Result]) -> list[dict[str, Any]]:
    """A flat record for each cell."""
    return [
        {
            "row": result.cell.row,
            "column": result.cell.column,
            "reported": result.cell.reported,
            "reported_spread": None if result.cell.spread is None else result.cell.spread.value,
            "measured": result.value,
            "measured_spread": result.spread,
            "spread": None if result.cell.spread is None else result.cell.spread.kind,
            "low": result.low,
            "high": result.high,
            "interval": result.interval,
            "cases": result.cases,
            "groups": result.groups,
            "seeds": result.seeds,
            "verdict": result.verdict.word,
            "why": result.verdict.why,
            "ties": list(result.ties),
            "best": result.best,
            "better": result.better,
            "guest": result.guest,
            "protocol_hash": result.protocol,
            "one_subject": result.one_subject,
            "note": "; ".join(filter(None, (result.cell.note, result.note))),
            "folders": result.folders,
        }
        for result in results
    ]


def as_json(plan: Plan, results: Sequence[Result], rankings: Mapping[str, Ranking]) -> dict[str, Any]:
    """The table for a program."""
    return {
        "table": plan.id,
        "title": plan.table.title,
        "source": plan.table.source,
        "note": plan.table.note,
        "remarks": plan.remarks,
        "scale": plan.scale,
        "protocol": plan.protocol,
        "stub": plan.order.stub,
        "seeds": list(plan.order.seeds),
        "data": dict(plan.order.data),
        "standings": standings(results, rankings),
        "claims": [asdict(found) for found in checked(plan.table, results, rankings)],
        "cells": records(results),
    }


def write_all(plan: Plan, results: Sequence[Result], rankings: Mapping[str, Ranking], folder: Path) -> list[Path]:
    """Write `table.csv`, `table.json`, `table.md` and `table.tex`, each whole."""
    rows = [{**record, "ties": "; ".join(record["ties"]), "folders": "; ".join(record["folders"])} for record in records(results)]
    write_csv(folder / "table.csv", COLUMNS, rows)
    write_json(folder / "table.json", as_json(plan, results, rankings))
    write_text(folder / "table.md", markdown(plan, results, rankings))
    write_text(folder / "table.tex", latex(plan, results))
    return [folder / f"table.{suffix}" for suffix in ("csv", "json", "md", "tex")]


def lines(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Row, column, reported, measured, interval, n and verdict of each cell, as a person reads them."""
    reasons = reasons_of(results)
    return [
        (
            result.cell.row,
            result.cell.column,
            reported(result),
            measured(result),
            interval(result),
            count(result),
            reasons.said(result.verdict),
        )
        for result in results
    ]


def reasons_of(results: Sequence[Result]) -> Reasons:
    """What keeps figures of the table from being compared."""
    return Reasons(result.verdict for result in results)


NO_RESULT = "which say nothing of the methods"
HEADS = ("", "", "reported", "measured", "95 % interval", "n", "verdict")


def number(value: float | None) -> str:
    """A figure with four digits behind the point; of thousands with one, or none where it is a count."""
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def reported(result: Result) -> str:
    """The printed figure, with the spread that is printed beside it."""
    return _spread(result.cell.reported, None if result.cell.spread is None else result.cell.spread.value)


def measured(result: Result) -> str:
    """The measured figure, with its spread where one is printed."""
    return _spread(result.value, result.spread)


def _spread(value: float | None, spread: float | None) -> str:
    return number(value) if value is None or spread is None else f"{number(value)} ± {spread:.3g}"


def interval(result: Result) -> str:
    """The interval, or why there is none."""
    if result.value is None:
        return "-"
    return result.interval if result.low is None or result.high is None else f"{number(result.low)} to {number(result.high)}"


def count(result: Result) -> str:
    """Cases and groups that the figure stands on; seeds, where there are several."""
    if result.value is None or not result.cases:
        return "-"
    seeds = f", {result.seeds} seeds" if result.seeds > 1 else ""
    groups = "one subject" if result.one_subject else f"{result.groups} group{'' if result.groups == 1 else 's'}"
    return f"{result.cases} ({groups}{seeds})"


def markdown(plan: Plan, results: Sequence[Result], rankings: Mapping[str, Ranking]) -> str:
    """The table as Markdown."""
    heads = ("row", "column", *HEADS[2:])
    out = [f"# {plan.id}: {plan.table.title}", "", headline(plan), "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    out += ["| " + " | ".join(word.replace("|", "\\|") for word in line) + " |" for line in lines(results)]
    if reasons := reasons_of(results).listed():
        out += ["", *(f"- {reason}" for reason in reasons)]
    for found in (conclusions(plan, results, rankings), notes(plan, results)):
        out += ["", *(f"- {text}" for text in found)] if found else []
    return "\n".join(out) + "\n"


def headline(plan: Plan) -> str:
    """What stands where, in one sentence."""
    seeds = "seed" if len(plan.order.seeds) == 1 else "seeds"
    scale = f"a few steps on stub data, {NO_RESULT}" if plan.order.stub else f"scale {plan.scale}"
    return (
        f"Reported: {plan.table.source or 'no source'}. Measured: {scale}, protocol {plan.protocol or 'of the recipes'}, "
        f"{seeds} {', '.join(map(str, plan.order.seeds))}. n: test cases (patients or other groups)."
    )


def notes(plan: Plan, results: Sequence[Result]) -> list[str]:
    """What is known to be wrong with the print, and what else must be known, each once."""
    found = [*([plan.table.note] if plan.table.note else []), *plan.remarks]
    kinds = dict.fromkeys(result.cell.spread.kind for result in results if result.cell.spread is not None and result.spread is not None)
    found += [f"±: {kind} over the test cases" for kind in kinds]
    for result in results:
        for note in filter(None, (result.cell.note, result.note)):
            found.append(f"{result.cell.row}, {result.cell.column}: {note}")
    return list(dict.fromkeys(found))


def conclusions(plan: Plan, results: Sequence[Result], rankings: Mapping[str, Ranking]) -> list[str]:
    """Which row is ahead in each column, and what is so of the paper's claims."""
    return [*standings(results, rankings), *(f"claim: {found}" for found in checked(plan.table, results, rankings))]


def latex(plan: Plan, results: Sequence[Result]) -> str:
    """The table as LaTeX (`booktabs`): a line for each row, and for each column the reported figure beside the measured one."""
    columns = list(dict.fromkeys(result.cell.column for result in results))
    rows = list(dict.fromkeys(result.cell.row for result in results))
    cells = {(result.cell.row, result.cell.column): result for result in results}
    out = [
        f"% {plan.id}, rebuilt by medai. {_escaped(headline(plan))}",
        rf"\begin{{tabular}}{{l{'rr' * len(columns)}}}",
        r"\toprule",
        " & ".join(["", *(rf"\multicolumn{{2}}{{c}}{{{_escaped(column)}}}" for column in columns)]) + r" \\",
        " & ".join(["", *(["reported", "measured"] * len(columns))]) + r" \\",
        r"\midrule",
    ]
    for row in rows:
        words = [_escaped(row)]
        for column in columns:
            found = cells.get((row, column))
            words += ["", ""] if found is None else [_escaped(reported(found)), latex_of_measured(found)]
        out.append(" & ".join(words) + r" \\")
    return "\n".join([*out, r"\bottomrule", r"\end{tabular}"]) + "\n"


def latex_of_measured(result: Result) -> str:
    """The measured figure in LaTeX, bold where it is the best."""
    text = _escaped(measured(result))
    return rf"\textbf{{{text}}}" if result.best else text


_SIGNS = {
    "±": r"$\pm$",
    **{sign: f"\\{sign}" for sign in "&%_#${}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def _escaped(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)
