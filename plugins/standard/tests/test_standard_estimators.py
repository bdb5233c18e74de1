"""scikit-learn's estimators behind medai's interface: same answers as scikit-learn alone, kept without pickles."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skops.io
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Case, Image, Label, Row, Sample, Value
from medai_standard.models.estimators import Classifier, Clusterer, Regressor

CONTEXT: Any = SimpleNamespace(seed=3)


class Samples:
    """A feed of samples held in memory."""

    def __init__(self, samples: list[Sample[Any, Any]]) -> None:
        self.held = samples

    def samples(self, epoch: int = 0) -> Iterator[Sample[Any, Any]]:
        return iter(self.held)


def rows(values: np.ndarray, answers: Any, names: tuple[str, ...] = ()) -> list[Sample[Any, Any]]:
    names = names or tuple(f"f{place}" for place in range(values.shape[1]))
    return [
        Sample(Case(f"c{place}", f"c{place}"), Row(torch.tensor(row, dtype=torch.float32), names), answer)
        for place, (row, answer) in enumerate(zip(values, answers, strict=True))
    ]


def cancer(count: int = 200) -> list[Sample[Any, Any]]:
    values, labels = load_breast_cancer(return_X_y=True)
    return rows(values[:count].astype(np.float32), [Label(int(label)) for label in labels[:count]])


def fitted(model: Any, train: list[Sample[Any, Any]], valid: list[Sample[Any, Any]] | None = None) -> Any:
    steps = list(model.fit(Samples(train), None if valid is None else Samples(valid), CONTEXT))
    assert steps[-1].step == steps[-1].total == len(steps)
    return model


def test_a_classifier_answers_as_scikit_learn_does() -> None:
    samples = cancer()
    model = fitted(Classifier("LogisticRegression", {"C": 0.5}), samples)
    values = np.stack([sample.inputs.values.numpy() for sample in samples]).astype(np.float64)
    alone = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.5))
    alone.fit(values, [sample.reference.index for sample in samples])
    found = torch.stack([scores.probabilities for scores in model.predict(Batch.of(samples))])
    np.testing.assert_allclose(found.numpy(), alone.predict_proba(values), atol=1e-6)
    assert found.dtype == torch.float32


@pytest.mark.parametrize("name", ["SVC", "LinearSVC", "RidgeClassifier", "NearestCentroid", "GaussianNB", "RandomForestClassifier"])
def test_every_kind_of_classifier_gives_probabilities(name: str) -> None:
    samples = cancer(120)
    model = fitted(Classifier(name), samples)
    found = torch.stack([scores.probabilities for scores in model.predict(Batch.of(samples))])
    torch.testing.assert_close(found.sum(1), torch.ones(len(samples)))
    right = (found.argmax(1) == torch.tensor([sample.reference.index for sample in samples])).float().mean()
    assert float(right) > 0.85


def test_a_gap_is_filled() -> None:
    samples = cancer(100)
    samples[3].inputs.values[2] = float("nan")
    model = fitted(Classifier("LogisticRegression"), samples)
    assert torch.isfinite(model.predict(Batch.of(samples[3:4]))[0].probabilities).all()


def test_a_class_without_training_cases_has_no_probability() -> None:
    model = fitted(Classifier("LogisticRegression", classes=3), cancer(100))
    assert model.predict(Batch.of(cancer(1)))[0].probabilities[2] == 0


def test_images_are_taken_as_rows_of_pixels() -> None:
    rng = np.random.default_rng(0)
    samples = [
        Sample(Case(f"i{n}", f"i{n}"), Image(torch.from_numpy(rng.normal(n % 2, 0.3, (1, 4, 5)).astype(np.float32)), "0..1"), Label(n % 2))
        for n in range(40)
    ]
    model = fitted(Classifier("LogisticRegression"), samples)
    assert [int(scores.probabilities.argmax()) for scores in model.predict(Batch.of(samples))] == [n % 2 for n in range(40)]
    smaller = Batch.of([Sample(Case("s", "s"), Image(torch.zeros(1, 4, 4), "0..1"))])
    with pytest.raises(DataError, match="fitted on 1, 4, 5"):
        model.predict(smaller)


def test_a_regressor_answers_as_scikit_learn_does() -> None:
    values, target = load_diabetes(return_X_y=True)
    both = np.stack([target, values[:, 2]], 1).astype(np.float32)
    samples = rows(values.astype(np.float32), [Value(torch.from_numpy(pair), ("progression", "bmi")) for pair in both])
    model = fitted(Regressor("Ridge", {"alpha": 2.0}), samples)
    alone = make_pipeline(SimpleImputer(), StandardScaler(), Ridge(alpha=2.0)).fit(values.astype(np.float32), both)
    found = model.predict(Batch.of(samples))
    np.testing.assert_allclose(np.stack([value.values for value in found]), alone.predict(values.astype(np.float32)), rtol=1e-4, atol=1e-5)
    assert found[0].names == ("progression", "bmi")


def test_a_regressor_of_one_value_takes_a_vector() -> None:
    values, target = load_diabetes(return_X_y=True)
    samples = rows(values[:80].astype(np.float32), [Value(torch.tensor([float(one)]), ("progression",)) for one in target[:80]])
    model = fitted(Regressor("SVR"), samples)
    assert model.predict(Batch.of(samples[:2]))[1].values.shape == (1,)


@pytest.mark.parametrize("name", ["KMeans", "AgglomerativeClustering", "DBSCAN", "GaussianMixture", "SpectralClustering"])
def test_clusters_are_found_without_the_classes(name: str) -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0, 0.3, (30, 2)), rng.normal(5, 0.3, (30, 2))]).astype(np.float32)
    options = {"DBSCAN": {"eps": 0.5}, "GaussianMixture": {"n_components": 2}}.get(name, {"n_clusters": 2})
    samples = rows(values, [None] * 60)
    model = fitted(Clusterer(name, options), samples)
    found = [cluster.index for cluster in model.predict(Batch.of(samples))]
    assert len(set(found[:30])) == len(set(found[30:])) == 1
    assert found[0] != found[-1] and min(found) >= 0
    again = Clusterer(name, options)
    again.load_state_dict(model.state_dict())
    assert [cluster.index for cluster in again.predict(Batch.of(samples))] == found


def test_the_grid_is_searched_on_the_validation_cases() -> None:
    samples = cancer(300)
    model = fitted(Classifier("SVC", grid={"C": (1e-4, 1.0), "SimpleImputer__strategy": ("mean", "median")}), samples[:200], samples[200:])
    assert model.fitted is not None
    assert model.fitted.get_params()["SVC__C"] == 1.0


def test_a_search_that_was_cut_off_goes_on_to_the_same_end() -> None:
    samples, grid = cancer(120), {"C": (1e-4, 1e-2, 1.0)}
    whole = fitted(Classifier("LogisticRegression", grid=grid), samples[:80], samples[80:])
    begun = Classifier("LogisticRegression", grid=grid)
    next(begun.fit(Samples(samples[:80]), Samples(samples[80:]), CONTEXT))
    resumed = Classifier("LogisticRegression", grid=grid)
    resumed.load_state_dict(begun.state_dict())
    assert [step.step for step in resumed.fit(Samples(samples[:80]), Samples(samples[80:]), CONTEXT)] == [2, 3]
    batch = Batch.of(samples)
    for first, second in zip(whole.predict(batch), resumed.predict(batch), strict=True):
        assert torch.equal(first.probabilities, second.probabilities)


def test_random_states_come_from_the_seed() -> None:
    samples = cancer(100)
    first, second = (fitted(Classifier("RandomForestClassifier", {"n_estimators": 5}), samples) for _ in range(2))
    assert first.fitted.get_params()["RandomForestClassifier__random_state"] == CONTEXT.seed
    batch = Batch.of(samples)
    assert all(torch.equal(a.probabilities, b.probabilities) for a, b in zip(first.predict(batch), second.predict(batch), strict=True))


def test_other_columns_are_refused() -> None:
    model = fitted(Classifier(), cancer(60))
    (sample,) = rows(np.zeros((1, 30), np.float32), [None], tuple(f"g{place}" for place in range(30)))
    with pytest.raises(DataError, match="fitted on f0, f1"):
        model.predict(Batch.of([sample]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Classifier("LogisticRegresion"), "near: LogisticRegression"),
        (lambda: Regressor("LogisticRegression"), "no regressor"),
        (lambda: Classifier("SVC", {"D": 1}), "SVC has no parameter 'D'"),
        (lambda: Classifier(steps=({"n_components": 2},)), "no name of a transformer"),
        (lambda: Classifier(steps=("Scaler",)), "no transformer called 'Scaler'"),
        (lambda: Classifier(grid={"D": (1,)})._pipeline({"D": 1}, 0), "no parameter 'LogisticRegression__D'"),
    ],
)
def test_a_wrong_name_says_what_there_is(make: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make()


def test_a_strange_type_in_a_file_is_not_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    import os

    pipeline = make_pipeline(FunctionTransformer(os.mkdir), LogisticRegression())
    state = {"estimator": np.frombuffer(skops.io.dumps(pipeline), np.uint8), "names": [], "tried": 1, "score": None}
    with pytest.raises(PluginError, match="mkdir"):
        Classifier().load_state_dict(state)
    assert not marker.exists()


def test_a_damaged_file_is_refused() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("schema.json", "{}")
    for content in (held.getvalue(), b"nothing of the kind"):
        state = {"estimator": np.frombuffer(content, np.uint8), "names": [], "tried": 1, "score": None}
        with pytest.raises(PluginError, match="cannot be read"):
            Classifier().load_state_dict(state)
