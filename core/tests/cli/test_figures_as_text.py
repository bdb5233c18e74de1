"""Figures as a person reads them in a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from medai._cli.console import ConsoleListener
from medai._cli.results import figures_table


def summary(count: int) -> dict[str, Any]:
    figures = {f"figure-{n}": {"value": n / 100, "low": 0.0, "high": 0.5, "interval": ""} for n in range(count)}
    return {"recipe": "toys/net", "figures": figures, "baselines": {"toys/input": {"figure-0": {"value": 0.25}}}}


def test_a_few_figures_stand_in_columns() -> None:
    lines = figures_table(summary(3)).splitlines()
    assert lines[0].split() == ["figure-0", "figure-1", "figure-2"]
    assert lines[1].split() == ["toys/input", "0.2500", "-", "-"] and lines[2].split() == ["toys/net", "0.0000", "0.0100", "0.0200"]
    assert lines[3].split() == ["95", "%", "interval", *["0.0000..0.5000"] * 3]


def test_a_figure_that_is_not_defined_is_a_dash() -> None:
    given = summary(1)
    given["baselines"]["toys/input"]["figure-0"]["value"] = float("nan")
    assert figures_table(given).splitlines()[1].split() == ["toys/input", "-"]


def test_many_figures_stand_in_rows() -> None:
    lines = figures_table(summary(20)).splitlines()
    assert max(map(len, lines)) < 80 and len(lines) == 21
    assert lines[0].split() == ["toys/input", "toys/net", "95", "%", "interval"]
    assert lines[1].split() == ["figure-0", "0.2500", "0.0000", "0.0000..0.5000"]


def test_a_line_shows_the_first_figures_and_how_many_more(capsys: pytest.CaptureFixture[str]) -> None:
    listener = ConsoleListener()
    listener.validated(5, {f"f{n}": float(n) for n in range(20)}, best=True)
    listener.validated(6, {"f": 1.0}, best=False)
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("f7 7  and 12 more  best") and "f8" not in first
    assert second == "  step 6  validation  f 1"
