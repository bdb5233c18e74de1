"""Classification: types, conventions, metrics, files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from medai.errors import DataError, PluginError
from medai.tasks import Batch, Case, Image, Label, Row, Sample, Scores
from medai.tasks.classification import Accuracy, AreaUnderCurve, Classification

TASK = Classification()


def sample(label: int | None, pixels: torch.Tensor | None = None) -> Sample[Image, Label]:
    image = Image(torch.zeros(1, 4, 4) if pixels is None else pixels)
    return Sample(Case("a", "a"), image, None if label is None else Label(label))


def scores(*values: float) -> Scores:
    return Scores(torch.tensor(values))


def test_a_plain_module_sees_pixels_or_values_and_gives_logits() -> None:
    batch = Batch.of([sample(1), sample(0)])
    assert TASK.arguments(batch)[0].shape == (2, 1, 4, 4)
    assert TASK.target(batch).tolist() == [1, 0]
    logits = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]])
    assert [prediction.probabilities.tolist() for prediction in TASK.predictions(logits, batch)] == [
        pytest.approx([0.25, 0.75]),
        [0.5, 0.5],
    ]
    rows = Batch.of([Sample(Case("r", "r"), Row(torch.tensor([1.0, 2.0]), ("x", "y")), Label(2))])
    assert TASK.arguments(rows)[0].tolist() == [[1.0, 2.0]]


def test_an_input_without_a_tensor_is_refused() -> None:
    with pytest.raises(PluginError, match="cannot be given str"):
        TASK.arguments(Batch((), "letters"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sample(0, torch.full((1, 4, 4), math.nan)), "not finite"),
        (sample(0, torch.zeros(1, 4, 4, dtype=torch.float64)), "float64"),
        (sample(0, torch.zeros(4, 4)), r"\(4, 4\), not float32 \(C, H, W\)"),
        (sample(-1), "negative"),
    ],
)
def test_a_bad_sample_is_a_data_error(bad: Sample[Image, Label], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        TASK.check(bad)


def test_missing_values_of_a_row_are_allowed() -> None:
    TASK.check(Sample(Case("r", "r"), Row(torch.tensor([math.nan]), ("x",)), Label(0)))


@pytest.mark.parametrize(
    ("bad", "label", "reason"),
    [
        (scores(0.5, 0.6), 0, "sum to 1"),
        (scores(math.nan, 1.0), 0, "sum to 1"),
        (scores(-0.5, 1.5), 0, "sum to 1"),
        (scores(0.5, 0.5), 2, "2 classes, but the case is of class 2"),
        (Scores(torch.zeros(1, 2)), 0, "not float32"),
    ],
)
def test_a_bad_prediction_is_a_plugin_error(bad: Scores, label: int, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        TASK.check_prediction(bad, sample(label))
    TASK.check_prediction(scores(0.25, 0.75), sample(1))


def test_accuracy_counts_right_classes() -> None:
    metric = Accuracy()
    parts = [metric.case(scores(0.1, 0.9), sample(1)), metric.case(scores(0.1, 0.9), sample(0)), metric.case(scores(0.5, 0.5), sample(0))]
    assert parts == [1.0, 0.0, 1.0]
    assert metric.total(parts) == {"accuracy": pytest.approx(2 / 3)}


def test_auc_is_the_rank_statistic_with_ties_as_half() -> None:
    metric = AreaUnderCurve()
    parts = [metric.case(scores(1 - p, p), sample(label)) for label, p in [(0, 0.1), (0, 0.4), (1, 0.4), (1, 0.8)]]
    # Of four pairs, three are in order and one is tied.
    assert metric.total(parts) == {"auc": pytest.approx(3.5 / 4)}


def test_auc_of_one_class_is_not_defined() -> None:
    metric = AreaUnderCurve()
    assert math.isnan(metric.total([metric.case(scores(0.2, 0.8), sample(1))] * 3)["auc"])
    assert math.isnan(metric.total([])["auc"])


def test_auc_agrees_with_scikit_learn() -> None:
    reference = pytest.importorskip("sklearn.metrics").roc_auc_score
    rng = np.random.default_rng(0)
    metric = AreaUnderCurve()
    for classes in (2, 4):
        labels = rng.integers(0, classes, 80)
        # Rounded, so that there are ties.
        values = rng.dirichlet(np.ones(classes), 80).round(2) + 1e-3
        values /= values.sum(1, keepdims=True)
        parts = [(int(label), tuple(row.tolist())) for label, row in zip(labels, values, strict=True)]
        expected = reference(labels, values[:, 1] if classes == 2 else values, multi_class="ovr", average="macro")
        assert metric.total(parts)["auc"] == pytest.approx(expected, abs=1e-12)


def test_predictions_come_back_from_their_file_to_the_last_bit(tmp_path: Path) -> None:
    before = Scores(torch.rand(5).softmax(0))
    path = TASK.save(before, sample(0), tmp_path / "case.1")
    assert path.name == "case.1.json"
    assert torch.equal(TASK.load(path).probabilities, before.probabilities)


def test_a_file_names_its_class_where_the_names_are_known(tmp_path: Path) -> None:
    before = Scores(torch.tensor([0.25, 0.75]))
    written = [json.loads(TASK.save(before, sample(0), tmp_path / "x", names).read_text()) for names in ((), ("benign", "malignant"))]
    bare = {"case": sample(0).case.id, "class": 1, "probabilities": [0.25, 0.75]}
    assert written == [bare, bare | {"name": "malignant", "names": ["benign", "malignant"]}]


def test_a_file_that_is_not_one_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[1]")
    with pytest.raises(DataError, match=r"x\.json: no class probabilities"):
        TASK.load(path)


def test_the_picture_has_a_bar_for_each_class() -> None:
    figure = TASK.draw(sample(1), scores(0.25, 0.75), {"classes": ["benign", "malignant"]})
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["benign", "malignant"]
    assert [bar.get_width() for bar in figure.axes[1].patches] == [0.25, 0.75]
    assert [text.get_text() for text in figure.axes[1].texts] == ["0.25", "0.75"]
    assert figure.axes[1].get_title() == "Prediction: malignant\nReference: malignant"
    assert TASK.draw(sample(0), scores(0.25, 0.75), {}).axes[1].get_title() == "Prediction: 1\nReference: 0"


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text)
    return path


def test_rows_open_without_their_labels(tmp_path: Path) -> None:
    opened = TASK.open([table(tmp_path, "id,group,age,score,label\np1,g1,70,,1\np2,g1,65.5,3,0\n")])
    cases = opened.cases()
    assert [(case.id, case.group) for case in cases] == [("p1", "g1"), ("p2", "g1")]
    row = opened.read(cases[0], np.random.default_rng(0))
    assert row.reference is None
    assert row.inputs.names == ("age", "score")
    assert row.inputs.values[0] == 70 and math.isnan(row.inputs.values[1])


def test_a_row_without_an_id_is_named_after_its_file(tmp_path: Path) -> None:
    assert [case.id for case in TASK.open([table(tmp_path, "age\n70\n71\n")]).cases()] == ["table-1", "table-2"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,age\np1,old\n", "row 1, column 'age': 'old' is not a number"),
        ("id,age\np1,inf\n", "is not a number"),
        ("id,age\np1,1,2\n", "more or fewer cells"),
        ("id,age\np1,1\np1,2\n", "'p1' stands twice"),
        ("id,label\np1,1\n", "not a table"),
        ("id,age\n", "no rows"),
        ("", "not a table"),
    ],
)
def test_a_bad_table_names_file_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        TASK.open([table(tmp_path, text)])
    assert caught.value.path == tmp_path / "table.csv"


def test_tables_and_images_do_not_open_together(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be opened together"):
        TASK.open([table(tmp_path, "age\n1\n"), tmp_path / "x.png"])
