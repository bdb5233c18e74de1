"""What a rebuilt table comes to: who is ahead, and the paper's claims held against printed and measured figures."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from medai._compare import Pair, Ranking, Row, told_apart
from medai._discovery.validate import table_faults
from medai._reproduce.conclusions import checked, standings
from medai._reproduce.gather import Result
from medai.api import Cell, Claim, Table

CLAIM = Claim(text="up to 300%", column="Dice", pairs=(("A, N2N", "A, N2C"), ("B, N2N", "B, N2C")))


def result(row: str, printed: float | None, measured: float | None, column: str = "Dice", **more: object) -> Result:
    found = Result(Cell(row=row, column=column, reported=printed, recipe="a/b", metric="dice"), guest=False)
    for name, value in {"value": measured, "better": "higher", **more}.items():
        setattr(found, name, value)
    return found


def pair(first: str, second: str, p: float, **more: object) -> Pair:
    return replace(Pair(first, second, 0.1, 0.05, 0.15, p, 1, 1.0, 10, "a test", "tie"), **more)  # type: ignore[arg-type]


# Over all pairs of the column none could be told; a pair that no claim names does not count.
RANKING = Ranking("dice", "higher", (), (pair("B, N2N", "B, N2C", 0.02), pair("A, N2C", "A, N2N", 0.3), pair("A, N2C", "B, N2C", 0.001)))


def table(*results: Result, claims: tuple[Claim, ...] = (CLAIM,)) -> Table:
    return Table(name="t", title="T.", task="restoration", cells=tuple(each.cell for each in results), claims=claims)


RESULTS = [result("A, N2C", 0.2, 0.5), result("A, N2N", 0.6, 0.4), result("B, N2C", 0.4, 0.2), result("B, N2N", 0.5, 0.3)]


def test_a_claim_is_held_against_both() -> None:
    (found,) = checked(table(*RESULTS), RESULTS, {"Dice": RANKING})
    assert found.printed is not None and found.measured is not None
    assert found.printed.share == pytest.approx(2.0) and (found.printed.ahead, found.printed.pairs) == (2, 2)
    assert found.measured.share == pytest.approx(0.5) and (found.measured.ahead, found.measured.pairs) == (1, 2)
    assert str(found) == (
        "“up to 300%”: Dice of the printed figures at most +200% (A, N2N over A, N2C), a gain in 2 of 2 pairs; "
        "of the measured ones at most +50% (B, N2N over B, N2C), a gain in 1 of 2 pairs; "
        "told apart by the paired tests, Holm over these pairs: B, N2N better than B, N2C"
    )


def test_a_claim_of_what_was_not_measured() -> None:
    rows = [result("A, N2C", 0.2, None), result("A, N2N", 0.6, 0.4)]
    (found,) = checked(table(*rows), rows, {})
    assert found.measured is None and str(found).endswith("+200% (A, N2N over A, N2C); of the measured ones none can be had")


@pytest.mark.parametrize("doubt", [{"p": 0.03}, {"p": None}, {"low": -0.01}, {"low": None, "high": None}, {"sign": -1}])
def test_a_pair_is_told_apart_by_test_and_interval_alike(doubt: dict[str, object]) -> None:
    sure, other = pair("B, N2N", "B, N2C", 0.02), pair("A, N2C", "A, N2N", 0.9)
    assert told_apart([sure, other]) == [sure]
    assert told_apart([replace(sure, **doubt), other]) == []  # type: ignore[arg-type]


def ranking(groups: int, *names: str) -> Ranking:
    rows = tuple(Row(name, 1, 0.5, None, None, None, "", groups, groups, 1, (), (), False) for name in names)
    tests = [replace(pair(*two, 0.5), count=groups, test=f"Wilcoxon over {groups} groups") for two in combinations(names, 2)]
    return Ranking("dice", "higher", rows, tuple(tests))


def test_who_is_ahead_and_how_surely() -> None:
    rows = [result("A", 0.1, 0.5, ties=("B",)), result("B", 0.2, 0.4), result("C", 0.3, 0.1), result("D", 0.9, None)]
    assert standings(rows, {"Dice": ranking(10, "A", "B", "C")}) == ["Dice: A is ahead (0.5), not told from it: B"]
    best = [result("A", 0, 0.5, best=True), result("B", 0, 0.4)]
    assert standings(best, {})[0].endswith("better than every other row by the paired tests")
    tie = [result("A", 0, 0.5, ties=("B",)), result("B", 0, 0.4)]
    assert standings(tie, {"Dice": ranking(10, "A", "B")})[0].endswith("these cases tell none of the rows from it")
    (said,) = standings(tie, {"Dice": ranking(6, "A", "B", "C")})
    assert said == "Dice: A is ahead (0.5); corrected for 3 pairs, tests over 6 groups or cases can tell none apart, whatever the figures"
    assert standings([result("A", 0, 2.0, better="lower"), result("B", 0, 1.5, better="lower")], {}) == ["Dice: B is ahead (1.5)"]
    assert standings([result("A", 0, 2.0), result("B", 0, None), result("C", 0, 1.0, column="IoU")], {}) == []
    assert standings([result("A", 9, 9.0, better=""), result("B", 3, 3.0, better="")], {}) == [], "parameters have no better side"


def test_a_claim_names_rows_and_columns_of_its_table() -> None:
    good = table(*RESULTS)
    assert not list(table_faults(good))
    wrong = [replace(CLAIM, column="IoU"), replace(CLAIM, pairs=(("A, N2N", "A"),))]
    said = [fault for claim in wrong for fault in table_faults(replace(good, claims=(claim,)))]
    assert said == [
        "the claim 'up to 300%' is about a column 'IoU', which no cell has",
        "the claim 'up to 300%' names a row 'A', which no cell has",
    ]
    assert list(table_faults(replace(good, claims=("up to",)))) == ["claims is no tuple of Claim"]  # type: ignore[arg-type]
