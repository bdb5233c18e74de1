"""Figures as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from medai._words import counted

_WIDE = 120
"""Columns of a terminal beyond which a table is turned."""


def figures_table(summary: Mapping[str, Any]) -> str:
    """The figures of a summary, a row per predictor, with intervals under their own names; a row per figure where that is too wide."""
    figures = summary["figures"]
    rows = [["", *figures]]
    rows += [[name, *(_value(found.get(key)) for key in figures)] for name, found in summary["baselines"].items()]
    rows.append([summary["recipe"], *(_value(figures[key]) for key in figures)])
    rows.append(["  95 % interval", *(_interval(figures[key]) for key in figures)])
    text = _aligned(rows)
    return (
        text if max(map(len, text.splitlines())) <= _WIDE else _aligned([[word.strip() for word in row] for row in zip(*rows, strict=True)])
    )


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def cases_line(summary: Mapping[str, Any]) -> str:
    """On how many cases the figures stand."""
    cases = summary["cases"]
    note = "; one subject" if summary["one_subject"] else ""
    used = f"{cases['used']} of {counted(cases['total'], 'test case')} used, {counted(summary['groups'], 'group')}"
    return f"{used}{note}; protocol {summary['protocol_hash']}"


def _value(figure: Mapping[str, Any] | None) -> str:
    value = None if figure is None else figure["value"]
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"


def _interval(figure: Mapping[str, Any]) -> str:
    return figure["interval"] if figure["low"] is None else f"{figure['low']:.4f}..{figure['high']:.4f}"
