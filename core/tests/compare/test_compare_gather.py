from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foldermaker import write_experiment, write_run

from medai._compare import entries_of, leaderboard, with_baselines
from medai.errors import DataError

CASES = np.arange(6.0)


def names(*roots: Path) -> dict[str, list[str]]:
    return {entry.name: [folder.root.name for folder in entry.folders] for entry in entries_of(roots).entries}


def test_runs_that_differ_in_their_seed_alone_are_one_entry(tmp_path: Path) -> None:
    a, b, other = (write_run(tmp_path / name, CASES, seed=seed, recipe=recipe).root for name, seed, recipe in (
        ("a", 0, "toys/net"), ("b", 1, "toys/net"), ("c", 0, "toys/other")))  # fmt: skip
    assert names(a, other, b) == {"toys/net": ["a", "b"], "toys/other": ["c"]}
    assert names(a, a, tmp_path / "b" / ".." / "a") == {"toys/net": ["a"]}
    (row,) = leaderboard(entries_of([a, b]).entries).rankings[0].rows
    assert row.seeds == 2


def test_a_seed_that_comes_again_is_another_entry(tmp_path: Path) -> None:
    roots = [write_run(tmp_path / f"run-{number}", CASES, seed=seed).root for number, seed in enumerate((0, 1, 0, 1))]
    assert names(*roots) == {"toys/net (run-0)": ["run-0", "run-1"], "toys/net (run-2)": ["run-2", "run-3"]}


def test_entries_of_one_recipe_are_told_apart_by_what_was_set(tmp_path: Path) -> None:
    paper = write_run(tmp_path / "a", CASES).root
    wide, quick = write_run(tmp_path / "b", CASES, width=3).root, write_run(tmp_path / "c", CASES, scale="quick").root
    assert set(names(paper, wide)) == {"toys/net", "toys/net (model.width=3)"}
    assert set(names(paper, quick)) == {"toys/net (scale paper)", "toys/net (scale quick)"}
    assert set(names(paper, wide, quick)) == {
        "toys/net (scale paper)",
        "toys/net (model.width=3 and scale paper)",
        "toys/net (scale quick)",
    }


def test_what_was_set_of_one_recipe_and_not_of_another_is_said(tmp_path: Path) -> None:
    own, wide = write_run(tmp_path / "a", CASES).root, write_run(tmp_path / "b", CASES, recipe="toys/other", width=3).root
    too, quick = (write_run(tmp_path / name, CASES, recipe="toys/third", width=3, scale=name).root for name in ("paper", "quick"))
    assert set(names(own, wide)) == {"toys/net", "toys/other (model.width=3)"}
    assert set(names(wide, too)) == {"toys/other", "toys/third"}, "what is set of all tells none apart"
    assert set(names(own, quick)) == {"toys/net (scale paper)", "toys/third (model.width=3 and scale quick)"}


def test_where_much_differs_the_folder_is_the_name(tmp_path: Path) -> None:
    many = [{"path": f"train.x{number}", "recipe": 0, "run": 1} for number in range(5)]
    roots = [write_run(tmp_path / "a", CASES).root, write_run(tmp_path / "b", CASES, width=2, departures=many).root]
    assert set(names(*roots)) == {"toys/net (a)", "toys/net (b)"}
    deep = [write_run(tmp_path / place / "same", CASES).root for place in ("x", "y")]
    assert set(names(*deep)) == {f"toys/net (same) [{root}]" for root in deep}


@pytest.mark.parametrize("given", [{"fingerprint": "beef"}, {"options": {"upstream": {"detect": "runs/a"}}}, {"width": 2}])
def test_what_differs_in_more_than_its_seed_is_another_entry(tmp_path: Path, given: dict[str, object]) -> None:
    roots = [write_run(tmp_path / "a", CASES).root, write_run(tmp_path / "b", CASES, seed=1, **given).root]  # type: ignore[arg-type]
    assert len(entries_of(roots).entries) == 2


def test_of_an_experiment_the_seeds_that_are_finished_are_taken(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path / "exp" / f"seed-{seed}", CASES, seed=seed)
    write_experiment(tmp_path / "exp", {0: "finished", 1: "finished", 2: "failed"})
    found = entries_of([tmp_path / "exp"])
    assert [len(entry.folders) for entry in found.entries] == [2]
    assert found.notes == (f"{tmp_path / 'exp'}: seed 2 is failed, and left out",)
    other = write_run(tmp_path / "again", CASES).root
    assert set(names(tmp_path / "exp", other)) == {"toys/net (exp)", "toys/net (again)"}
    write_experiment(tmp_path / "exp", {0: "failed"})
    with pytest.raises(DataError, match="no seed of the experiment is finished"):
        entries_of([tmp_path / "exp"])


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not a run folder: it has no run\.json"):
        entries_of([tmp_path])
    with pytest.raises(DataError, match="the run is stopped, not finished"):
        entries_of([write_run(tmp_path / "a", CASES, status="stopped").root])


def test_baselines_of_the_first_entry(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", CASES, baselines={"toys/same": CASES + 1, "toys/net": CASES + 2}).root
    second = write_run(tmp_path / "b", CASES, recipe="toys/other", baselines={"toys/third": CASES}).root
    entries = with_baselines(entries_of([first, second]).entries)
    assert [(entry.name, entry.predictor) for entry in entries] == [
        ("toys/net", "model"),
        ("toys/other", "model"),
        ("toys/same", "toys/same"),
        ("toys/net (baseline)", "toys/net"),
    ]
    assert len(leaderboard(entries).rankings[0].rows) == 4
    bare = entries_of([write_run(tmp_path / "c", CASES).root]).entries
    with pytest.raises(DataError, match="it holds no baseline"):
        with_baselines(bare)
    assert with_baselines(bare, needed=False) == bare
