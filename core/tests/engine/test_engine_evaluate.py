from __future__ import annotations

from typing import Any

import pytest
from enginetoys import MeanError, Points, Same, feed_of

from medai._engine.evaluate import build_metrics, evaluate
from medai._engine.models import told_apart
from medai.api import Protocol, use
from medai.errors import DataError, MemoryFault, PluginError, UsageError
from medai.tasks import Batch
from medai.tasks.restoration import Restoration


def of(dataset: Any, predictor: Any = None, metrics: Any = None, **given: Any) -> Any:
    return evaluate(predictor or Same(), feed_of(dataset, part="test"), Restoration(), metrics or [MeanError()], **given)


class Backwards(Points):
    def cases(self) -> Any:
        return super().cases()[::-1]


def test_figures_do_not_depend_on_the_order_of_cases() -> None:
    forth, back = of(Points(count=14, groups=7)), of(Backwards(count=14, groups=7))
    assert [case.id for case in back.cases] == [case.id for case in forth.cases][::-1]
    assert back.rows == forth.rows[::-1]
    assert back.figures["mse"].value == pytest.approx(forth.figures["mse"].value, rel=1e-12)
    assert forth.figures["mse"].value == pytest.approx(0.01, rel=0.2)
    assert forth.figures["mse"].interval.low < forth.figures["mse"].value < forth.figures["mse"].interval.high
    assert (forth.total, forth.figures["mse"].better) == (14, "lower")


class OverCases(MeanError):
    resampled = "cases"


def test_a_metric_says_that_its_intervals_are_over_cases() -> None:
    few, many = Points(count=14, groups=3), Points(count=14, groups=7)
    assert of(few).figures["mse"].interval.said == "too few groups (3)"
    found, grouped = of(many, metrics=[OverCases()]).figures["mse"].interval, of(many).figures["mse"].interval
    assert found.said == "95% bootstrap over cases" and (found.low, found.high) != (grouped.low, grouped.high)
    assert (found.draws == grouped.draws).all()  # comparisons pair groups
    assert of(few, metrics=[OverCases()]).figures["mse"].interval.low < of(few).figures["mse"].value
    assert of(Points(count=3, groups=3), metrics=[OverCases()]).figures["mse"].interval.said == "too few cases (3)"


def test_cases_without_reference_are_answered_and_not_measured() -> None:
    kept: list[str] = []
    found = of(Points(count=6, unlabelled=("c1", "c4")), keep=[lambda sample, prediction: kept.append(sample.case.id)])
    assert kept == [f"c{n}" for n in range(6)]
    assert [case.id for case in found.cases] == ["c0", "c2", "c3", "c5"] and len(found.rows) == 4 and found.total == 6
    with pytest.raises(UsageError, match="none of 2 cases for test has a reference"):
        of(Points(count=2, unlabelled=("c0", "c1")))


def test_what_cannot_be_read_is_counted() -> None:
    found = of(Points(count=10, bad=("c2",)))
    assert (len(found.cases), found.total) == (9, 10)
    with pytest.raises(DataError):
        of(Points(count=10, bad=("c2", "c3")))


def test_a_case_is_answered_alone() -> None:
    class Counting(Same):
        sizes: list[int] = []

        def predict(self, batch: Batch[Any, Any]) -> list[Any]:
            self.sizes.append(len(batch.cases))
            return super().predict(batch)

    of(Points(count=5), Counting())
    assert Counting.sizes == [1] * 5


def test_a_predictor_that_breaks_its_contract() -> None:
    class Twice(Same):
        def predict(self, batch: Batch[Any, Any]) -> list[Any]:
            return super().predict(batch) * 2

    class Wrong(Same):
        def predict(self, batch: Batch[Any, Any]) -> list[Any]:
            return [batch.inputs.pixels]

    with pytest.raises(PluginError, match="Twice gave 2 predictions for one case"):
        of(Points(count=2), Twice())
    with pytest.raises(PluginError, match="prediction of case c0"):
        of(Points(count=2), Wrong())


class Picky(Same):
    """Cannot answer some cases; `asked` are all that it was asked for."""

    def __init__(self, **refusals: Exception) -> None:
        self.refusals, self.asked = refusals, list[str]()

    def predict(self, batch: Batch[Any, Any]) -> list[Any]:
        (case,) = batch.cases
        self.asked.append(case.id)
        if case.id in self.refusals:
            raise self.refusals[case.id]
        return super().predict(batch)


@pytest.mark.parametrize(
    ("refusal", "reason", "message"),
    [
        (MemoryFault("it needs 1,000 GiB"), "case c3: it needs 1,000 GiB", "case c3: it needs 1,000 GiB"),
        (DataError("line 2: no number", "jane/c3.shape"), "case c3: line 2: no number", "jane/c3.shape: case c3: line 2: no number"),
    ],
)
def test_a_case_that_cannot_be_answered_is_left_out_and_no_other(refusal: Exception, reason: str, message: str) -> None:
    feed, picky = feed_of(Points(count=12), part="test"), Picky(c3=refusal)
    found = evaluate(picky, feed, Restoration(), [MeanError()])
    assert [case.id for case in found.cases] == [f"c{n}" for n in range(12) if n != 3] and found.total == 12
    assert feed.quarantine.reasons == {"test c3": reason}
    assert feed.quarantine.announce() == [message]
    # A baseline that could answer it is measured on the same cases.
    after = Picky()
    assert [case.id for case in evaluate(after, feed, Restoration(), [MeanError()]).cases] == [case.id for case in found.cases]
    assert "c3" in picky.asked and "c3" not in after.asked


def test_more_than_the_budget_cannot_be_answered() -> None:
    full, bad = MemoryFault("it needs 1,000 GiB"), DataError("line 2: no number")
    over = "^already 2 of 6 cases for train cannot be used, more than the budget of 10%.* case c0: .*; case c4: "
    with pytest.raises(MemoryFault, match=over):
        evaluate(Picky(c0=bad, c4=full), feed_of(Points(count=6)), Restoration(), [MeanError()])
    with pytest.raises(DataError, match=over):
        evaluate(Picky(c0=full, c4=bad), feed_of(Points(count=6)), Restoration(), [MeanError()])
    with pytest.raises(MemoryFault, match=r"^it needs 1,000 GiB$"):
        evaluate(Picky(c0=full), feed_of(Points(count=1)), Restoration(), [MeanError()])


def test_two_metrics_of_one_name() -> None:
    with pytest.raises(UsageError, match="two metrics give a figure called 'mse'"):
        of(Points(count=2), metrics=[MeanError(), MeanError()])


def test_the_protocols_metrics_or_the_tasks() -> None:
    def names(protocol: Protocol) -> list[str]:
        return [type(item).__name__ for item in build_metrics(protocol, Restoration())]

    assert names(Protocol(metrics=(use("enginetoys/mean-error"),))) == ["MeanError"]
    assert names(Protocol()) == ["Psnr", "Ssim", "Rmse"]


def test_a_metric_names_classes_as_the_protocol_does() -> None:
    def figures(**given: Any) -> list[str]:
        options = {"classes": ["background", "cyst", "mass"]}
        (metric,) = build_metrics(Protocol(metrics=(use("medai/dice", **given),), options=options), Restoration())
        return list(metric.total([{1: (4, 5, 5)}]))

    assert figures() == ["dice", "dice-cyst", "dice-mass"]
    assert figures(classes=("nothing", "one", "two")) == ["dice", "dice-one", "dice-two"]
    # One that has no such parameter is built all the same.
    assert build_metrics(Protocol(metrics=(use("medai/psnr"),), options={"classes": ["a"]}), Restoration())


def test_baselines_of_one_id_aretold_apart() -> None:
    named = told_apart((use("a/b", k=3, net="x"), use("a/b", k=3, net="y"), use("c/d", net="x"), use("e/f"), use("e/f")))
    assert list(named) == ["a/b (x)", "a/b (y)", "c/d", "e/f", "e/f 2"]
    assert named["a/b (y)"].params["net"] == "y"
    assert list(told_apart((use("a/b", k=3), use("c/d")), "a/b")) == ["a/b (k=3)", "c/d"]
    assert list(told_apart((use("a/b"),), "a/b")) == ["a/b (baseline)"]


class ByKind:
    """The error as a mean over kinds, and of each kind; a case has the kinds that `of_case` gives it."""

    better = "lower"

    def __init__(self, of_case: Any) -> None:
        self._of_case = of_case

    def case(self, prediction: Any, sample: Any) -> Any:
        error = float(int(sample.case.id[1:]) % 3)
        return {kind: error * kind for kind in self._of_case(int(sample.case.id[1:]))}

    def total(self, parts: Any) -> dict[str, float]:
        kinds = sorted({kind for part in parts for kind in part})
        means = {kind: sum(part[kind] for part in parts if kind in part) / sum(kind in part for part in parts) for kind in kinds}
        return {"error": sum(means.values()) / len(kinds) if kinds else float("nan")} | {f"error-{kind}": means[kind] for kind in kinds}


def test_a_figure_of_the_only_kind_does_not_repeat_the_mean() -> None:
    found = of(Points(count=6), metrics=[ByKind(lambda number: (1,) if number else ())])
    assert list(found.figures) == ["error"] and {name for row in found.rows for name in row} == {"error"}
    # A case with one of two kinds keeps its figure: the column is there.
    found = of(Points(count=6), metrics=[ByKind(lambda number: (1, 2) if number else (1,))])
    assert list(found.figures) == ["error", "error-1", "error-2"] and list(found.rows[0]) == ["error", "error-1"]
