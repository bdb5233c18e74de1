from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foldermaker import highest, write_run

from medai._compare import Entry, leaderboard
from medai._compare.page import _chart
from medai._compare.texts import board_text
from medai._results.bootstrap import intervals
from medai.errors import DataError, UsageError

CASES = 12
RNG = np.random.default_rng(3)
BASE = RNG.normal(30, 2, CASES)
CLEAR = BASE + 1 + RNG.uniform(0, 0.2, CASES)
LIKE = BASE + RNG.normal(0, 0.3, CASES)


def entries(root: Path, **values: Any) -> list[Entry]:
    return [Entry(name, (write_run(root / name, found),)) for name, found in values.items()]


def only(entries: list[Entry], figure: str | None = None) -> Any:
    (ranking,) = leaderboard(entries, figure).rankings
    return ranking


def test_a_clear_best_and_a_tie(tmp_path: Path) -> None:
    ranking = only(entries(tmp_path, base=BASE, clear=CLEAR, like=LIKE))
    values = {"clear": CLEAR.mean(), "like": LIKE.mean(), "base": BASE.mean()}
    order = sorted(values, key=lambda name: -values[name])
    assert [row.name for row in ranking.rows] == order and order[0] == "clear"
    assert [row.rank for row in ranking.rows] == [1, 2, 3]
    assert [row.value for row in ranking.rows] == pytest.approx([values[name] for name in order])
    first, *others = ranking.rows
    assert first.best and first.ties == () and not any(row.best for row in others)
    assert [row.ties for row in others] == [(order[2],), (order[1],)]
    assert (first.cases, first.groups, first.seeds, first.deviation) == (CASES, CASES, 1, None)
    assert [pair.verdict for pair in ranking.pairs] == ["better", "better", "tie"]
    # Every case is better, so p is 2 / 2^12; three pairs by Holm.
    assert [pair.p for pair in ranking.pairs][:1] == pytest.approx([2 / 2**CASES])
    assert max(pair.corrected for pair in ranking.pairs[:2]) >= 3 * 2 / 2**CASES


def test_with_one_seed_the_interval_is_the_runs_own(tmp_path: Path) -> None:
    (row,) = only(entries(tmp_path, base=BASE)).rows
    figure = json.loads((tmp_path / "base" / "summary.json").read_text(encoding="utf-8"))["figures"]["psnr"]
    assert (row.low, row.high, row.interval) == (figure["low"], figure["high"], figure["interval"]) and row.low < row.value < row.high
    assert not row.best and row.ties == ()


def test_the_best_value_is_not_crowned_where_it_ties(tmp_path: Path) -> None:
    ranking = only(entries(tmp_path, base=BASE, like=LIKE))
    assert not any(row.best for row in ranking.rows) and all(row.ties for row in ranking.rows)


def test_which_way_is_good_is_the_figures(tmp_path: Path) -> None:
    found = [Entry(name, (write_run(tmp_path / name, cases, better="lower"),)) for name, cases in (("low", BASE), ("high", CLEAR))]
    ranking = only(found)
    assert [row.name for row in ranking.rows] == ["low", "high"] and ranking.rows[0].best and ranking.better == "lower"
    mixed = [found[0], Entry("other", (write_run(tmp_path / "other", CLEAR, better="higher"),))]
    with pytest.raises(DataError, match="psnr is better lower in low and better higher in other"):
        leaderboard(mixed)


def test_seeds_that_differ_widen_the_interval_and_make_a_tie(tmp_path: Path) -> None:
    def three(name: str, shifts: tuple[float, ...], cases: Any) -> Entry:
        folders = [write_run(tmp_path / name / str(seed), cases + shift, seed=seed) for seed, shift in enumerate(shifts)]
        return Entry(name, tuple(folders))

    alike, apart = three("alike", (0, 0, 0), CLEAR), three("apart", (-3, 0, 3), CLEAR)
    base = three("base", (0, 0, 0), BASE)
    rows = {row.name: row for row in only([alike, apart, base]).rows}
    assert rows["alike"].value == pytest.approx(rows["apart"].value) and rows["apart"].seeds == 3
    assert (rows["alike"].deviation, rows["apart"].deviation) == (pytest.approx(0), pytest.approx(3))
    width = {name: row.high - row.low for name, row in rows.items()}
    assert width["apart"] > 1.5 * width["alike"] and rows["apart"].interval == "95% bootstrap over groups and seeds"
    pairs = {(pair.first, pair.second): pair for pair in only([alike, base, apart]).pairs}
    steady, unsteady = (next(pair for names, pair in pairs.items() if set(names) == {name, "base"}) for name in ("alike", "apart"))
    # The cases say the same of both; the seeds do not.
    assert steady.p == unsteady.p and steady.verdict == "better" and unsteady.verdict == "tie"
    assert unsteady.low < 0 < unsteady.high and steady.low > 0


def test_a_pooled_figure_is_compared_by_its_resamples(tmp_path: Path) -> None:
    found = [Entry(name, (write_run(tmp_path / name, cases, total=highest),)) for name, cases in (("base", BASE), ("clear", CLEAR))]
    (pair,) = only(found).pairs
    assert pair.test == f"paired bootstrap over {CASES} groups" and pair.verdict == "better"
    draws = [
        intervals(lambda parts: {"x": highest(parts)}, list(cases), [f"g{n:02}" for n in range(CASES)])["x"].draws
        for cases in (CLEAR, BASE)
    ]
    assert draws[0] is not None and draws[1] is not None
    assert (pair.low, pair.high) == pytest.approx(tuple(np.percentile(draws[0] - draws[1], [2.5, 97.5])))
    assert pair.difference == pytest.approx(highest(CLEAR) - highest(BASE))
    same = [found[0], Entry("again", (write_run(tmp_path / "again", BASE, total=highest),))]
    (pair,) = only(same).pairs
    assert (pair.p, pair.verdict, pair.difference) == (1.0, "tie", 0.0)


def test_too_few_groups_leave_tests_over_cases_and_say_so(tmp_path: Path) -> None:
    groups = [f"g{number % 3}" for number in range(CASES)]
    found = [Entry(name, (write_run(tmp_path / name, cases, groups=groups),)) for name, cases in (("base", BASE), ("clear", CLEAR))]
    board = leaderboard(found)
    (ranking,) = board.rankings
    assert {(row.low, row.interval) for row in ranking.rows} == {(None, "too few groups (3)")}
    (pair,) = ranking.pairs
    assert pair.verdict == "better" and pair.test == f"Wilcoxon over {CASES} cases, of too few groups (3)" and pair.low is None
    assert any("too few groups (3): no intervals" in note for note in board.notes)
    pooled = [
        Entry(f"p{name}", (write_run(tmp_path / f"p{name}", c, groups=groups, total=highest),)) for name, c in (("a", BASE), ("b", CLEAR))
    ]
    (ranking,) = leaderboard(pooled).rankings
    assert ranking.pairs[0].verdict == "not tested" and "too few groups (3)" in ranking.pairs[0].test and ranking.pairs[0].p is None
    assert not ranking.rows[0].best and ranking.rows[0].untested == ("pa",) and ranking.rows[0].ties == ()


def test_cases_that_point_the_other_way_than_their_mean_make_a_tie(tmp_path: Path) -> None:
    groups = [f"g{number % 3}" for number in range(CASES)]
    mostly = BASE - np.linspace(0.1, 0.2, CASES)
    mostly[0] = BASE[0] + 40
    found = [Entry(name, (write_run(tmp_path / name, cases, groups=groups),)) for name, cases in (("base", BASE), ("mostly", mostly))]
    (pair,) = only(found).pairs
    assert pair.first == "mostly" and pair.p < 0.05 and pair.verdict == "tie"


def test_figures_that_one_lacks_or_that_are_not_defined_come_last(tmp_path: Path) -> None:
    found = entries(tmp_path, base=BASE, none=np.full(CASES, np.nan), clear=CLEAR)
    found.append(Entry("other", (write_run(tmp_path / "other", BASE, figure="ssim"),)))
    psnr, ssim = leaderboard(found).rankings
    assert [row.name for row in psnr.rows][:2] == ["clear", "base"] and {row.rank for row in psnr.rows[2:]} == {None}
    assert psnr.rows[0].untested and not psnr.rows[0].best and {row.interval for row in psnr.rows[2:]} == {"not defined"}
    assert (ssim.figure, ssim.rows[0].name, ssim.rows[0].rank) == ("ssim", "other", 1)
    json.dumps(leaderboard(found).as_record(), allow_nan=False)
    assert [ranking.figure for ranking in leaderboard(found, "ssim").rankings] == ["ssim"]
    with pytest.raises(UsageError, match="no figure 'snr': did you mean psnr"):
        leaderboard(found, "snr")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"protocol": "bbbb"}, r"two protocols: a \(.*/a\) was measured under aaaa, b \(.*/b\) under bbbb"),
        (
            {"names": [f"c{n:02}" for n in range(4, 16)]},
            r"other cases: a \(.*\) was measured on 12, b \(.*\) on 12; 8 are common to both, and not c00, c01, c02 and 5 more: ",
        ),
        ({"groups": ["g99"] + [f"g{n:02}" for n in range(1, 12)]}, r"other groups: case c00 is of g00 in a \(.*\), of g99 in b"),
        ({"fingerprint": "beef"}, r"other data: their fingerprint is f00d in a \(.*\), beef in b \(.*\).*medai evaluate RUN --data"),
        ({"status": "failed"}, r"b: the run is failed, not finished"),
        ({"resamples": False}, r"b: the run has no resamples\.npz; medai evaluate"),
    ],
)
def test_what_was_not_measured_alike_is_refused_and_both_are_named(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    found = [Entry("a", (write_run(tmp_path / "a", BASE),)), Entry("b", (write_run(tmp_path / "b", CLEAR, **given),))]
    with pytest.raises(DataError, match=said):
        leaderboard(found)
    with pytest.raises(DataError):
        leaderboard([Entry("both", (found[0].folders[0], found[1].folders[0]))])


def test_what_two_protocols_differ_in_is_said_with_both_values(tmp_path: Path) -> None:
    def run(name: str, protocol: dict[str, Any]) -> Entry:
        return Entry(name, (write_run(tmp_path / name, BASE, protocol=name, complete_configuration={"protocol": protocol}),))

    metrics = [{"use": "toys/f1", "slip": 0}, {"use": "toys/defect"}]
    one = run("a", {"split": {"test": 0.2, "by": "group"}, "metrics": metrics, "options": {"pairs": "all"}})
    two = run("b", {"split": {"test": ["x" * 90], "by": "group"}, "metrics": [{"use": "toys/f1", "slip": 1}], "options": {}})
    with pytest.raises(DataError) as caught:
        leaderboard([one, two])
    said = caught.value.reason.partition(" under b: ")[2].split("; ")
    assert said == [
        "metrics.0.slip is 0 and 1",
        'metrics.1 is {"use": "toys/defect"} and not there',
        'options.pairs is "all" and not there',
        f'split.test is 0.2 and ["{"x" * 45}...',
    ]
    long, longer = ({"options": {f"o{place}": value for place in range(9)}} for value in (1, 2))
    with pytest.raises(DataError, match=r"options\.o4 is 1 and 2; and 4 more$"):
        leaderboard([run("c", long), run("d", longer)])
    with pytest.raises(DataError, match="versions with other defaults"):
        leaderboard([run("e", long), run("f", long)])


def test_resamples_of_other_groups_are_not_taken(tmp_path: Path) -> None:
    one, other = write_run(tmp_path / "a", BASE), write_run(tmp_path / "b", BASE, groups=[f"h{n}" for n in range(CASES)])
    one.resamples.write_bytes(other.resamples.read_bytes())
    with pytest.raises(DataError, match="its resamples are of other groups"):
        leaderboard([Entry("a", (one,))])


def test_wrong_entries(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", BASE, baselines={"toys/same": LIKE})
    with pytest.raises(UsageError, match="two entries are called a"):
        leaderboard([Entry("a", (run,)), Entry("a", (run,))])
    with pytest.raises(UsageError, match="b: no run"):
        leaderboard([Entry("a", (run,)), Entry("b", ())])
    with pytest.raises(UsageError, match="nothing to compare"):
        leaderboard([])
    with pytest.raises(UsageError, match="no baseline 'toys/gone'"):
        leaderboard([Entry("a", (run,), "toys/gone")])
    ranking = only([Entry("a", (run,)), Entry("same", (run,), "toys/same")])
    assert {row.name: row.value for row in ranking.rows} == pytest.approx({"a": BASE.mean(), "same": LIKE.mean()})


def test_the_order_in_which_entries_are_given_changes_nothing(tmp_path: Path) -> None:
    found = entries(tmp_path, base=BASE, clear=CLEAR, like=LIKE)
    assert leaderboard(found).rankings == leaderboard(found[::-1]).rankings


def test_views_that_differ_are_said(tmp_path: Path) -> None:
    found = entries(tmp_path, base=BASE, clear=CLEAR)
    path = tmp_path / "clear" / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["configuration"]["views"] = [{"use": "toys/resized"}]
    path.write_text(json.dumps(record), encoding="utf-8")
    (note,) = leaderboard(found).notes
    assert note.startswith("base and clear see the cases through different views")


def test_too_many_entries_for_few_cases_are_said_to_be(tmp_path: Path) -> None:
    found = [Entry(str(number), (write_run(tmp_path / str(number), BASE[:6] + number, names=list("abcdef")),)) for number in range(3)]
    (note,) = leaderboard(found).notes
    assert note.startswith("corrected for 3 pairs, tests over 6 groups or cases can tell none apart")
    assert {pair.verdict for pair in only(found).pairs} == {"tie"}
    assert not leaderboard(found[:2]).notes and only(found[:2]).rows[0].best


def test_many_pairs_and_long_names_are_counted_in_the_terminal(tmp_path: Path) -> None:
    names = [f"annotation/costumed-unet (model.width={number} and train.target=clean)" for number in range(7)]
    noise = np.random.default_rng(5).normal(0, 0.5, (7, CASES))
    entries = [Entry(name, (write_run(tmp_path / str(place), BASE + noise[place]),)) for place, name in enumerate(names)]
    board = leaderboard(entries)
    text = board_text(board)
    assert "21 pairs, of which 0 are told apart; each stands in the page" in text
    assert "tie with 6 others" in text and max(map(len, text.splitlines())) < 160
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # names that leave the chart no room
        assert _chart(board.rankings[0])
    few = board_text(leaderboard(entries[:2]))
    assert f"{names[0]} ties with {names[1]}" in few
    assert len([line for line in few.splitlines() if "ties with" in line]) == 1
