"""Pictures that metrics draw, and cases that a task has a remark on: both on the report, neither worth a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from enginetoys import MeanError, Points, Same, feed_of
from matplotlib.figure import Figure
from PIL import Image as Picture

from medai._engine.evaluate import Evaluation, evaluate
from medai._engine.showing import Remarks, draw_charts
from medai._results.folder import RunFolder
from medai.errors import PluginError
from medai.tasks import Case, Remark, Sample
from medai.tasks.restoration import Restoration


class Drawn(MeanError):
    """Draws its parts, unless there is something to raise."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__()
        self.fault, self.given = fault, None  # type: tuple[Exception | None, Any]

    def draw(self, parts: Sequence[Any], options: Mapping[str, Any]) -> Figure | None:
        if self.fault is not None:
            raise self.fault
        self.given = list(parts), dict(options)
        figure = Figure(figsize=(2, 1))
        figure.add_subplot().plot(range(len(parts)))
        return figure if options.get("wanted", True) else None


def measured(metric: Any) -> Evaluation:
    return evaluate(Same(), feed_of(Points(count=6), part="test"), Restoration(), [metric], with_intervals=False)


def test_a_metric_s_picture_lies_in_the_run_folder_by_the_name_of_its_first_figure(tmp_path: Path) -> None:
    metric, notes = Drawn(), []  # type: tuple[Any, list[str]]
    charts = draw_charts([metric], measured(metric), RunFolder(tmp_path), {"classes": ["a"]}, notes.append)
    assert charts == [{"figure": "mse", "file": "charts/mse.png"}] and not notes
    assert Picture.open(tmp_path / "charts" / "mse.png").size[0] > 100
    parts, options = metric.given
    assert len(parts) == 6 and options == {"classes": ["a"]}


def test_nothing_to_draw_leaves_nothing(tmp_path: Path) -> None:
    metrics: list[Any] = [MeanError(), Drawn()]
    for metric in metrics:
        assert draw_charts([metric], measured(metric), RunFolder(tmp_path), {"wanted": False}, pytest.fail) == []
    assert not (tmp_path / "charts").exists()


@pytest.mark.parametrize("fault", [ValueError("too few points"), PluginError("too few points")])
def test_a_picture_that_fails_is_a_note(tmp_path: Path, fault: Exception) -> None:
    metric, notes = Drawn(fault), []  # type: tuple[Any, list[str]]
    assert draw_charts([metric], measured(metric), RunFolder(tmp_path), {}, notes.append) == []
    assert notes == [f"no picture of mse: {type(fault).__name__}: too few points"]


class Remarking(Restoration):
    """Has a remark of one of two kinds on each case, as weighty as its number."""

    def remarks(self, sample: Sample[Any, Any], prediction: Any, options: Mapping[str, Any]) -> Sequence[Remark]:
        number = int(sample.case.id)
        return [Remark("odd" if number % 2 else "even", number / 10, f"{prediction} of {number}"), *options.get("more", ())]


def remarked(task: Any, count: int, notes: list[str], **options: Any) -> list[dict[str, str]]:
    found = Remarks(task, options, notes.append)
    for number in range(count):
        found.add(Sample(Case(str(number), "g"), None), "a")
    return found.as_record()


def test_the_weightiest_of_each_kind_are_shown_the_weightiest_first() -> None:
    shown = remarked(Remarking(), 20, [])
    assert [item["case"] for item in shown] == ["19", "18", "17", "16", "15", "14"]
    assert shown[0] == {"case": "19", "why": "a of 19"}
    uneven = [item["case"] for item in remarked(Remarking(), 3, [])]
    assert uneven == ["2", "1", "0"]


def test_a_case_is_shown_once_with_all_that_is_said_of_it() -> None:
    shown = remarked(Remarking(), 2, [], more=[Remark("other", 9, "heavy"), Remark("other", 8, "heavy")])
    assert shown == [{"case": "0", "why": "heavy; a of 0"}, {"case": "1", "why": "heavy; a of 1"}]


def test_a_task_without_remarks_and_one_that_fails() -> None:
    class Failing(Restoration):
        def remarks(self, sample: Sample[Any, Any], prediction: Any, options: Mapping[str, Any]) -> Sequence[Remark]:
            raise KeyError("x")

    notes: list[str] = []
    assert remarked(Restoration(), 3, notes) == [] and not notes
    assert remarked(Failing(), 3, notes) == []
    assert notes == ["the task says no more of which cases are worth a look: KeyError: 'x'"]
