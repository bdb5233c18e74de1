"""Clusters: conventions, figures against scikit-learn, files, picture."""

from __future__ import annotations

import io
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import DataError, PluginError
from medai.tasks import Batch, Case, Cluster, Label, Row, Sample
from medai.tasks.clustering import AdjustedRand, Clustering, ClusteringAccuracy, NormalizedMutualInformation

TASK = Clustering()
METRICS = (AdjustedRand(), ClusteringAccuracy(), NormalizedMutualInformation())


def sample(label: int | None) -> Sample[Row, Label]:
    return Sample(Case("a", "a"), Row(torch.tensor([1.0, math.nan]), ("x", "y")), None if label is None else Label(label))


def figure(metric: Any, classes: np.ndarray, clusters: np.ndarray) -> float:
    pairs = zip(classes.tolist(), clusters.tolist(), strict=True)
    (found,) = metric.total([metric.case(Cluster(two), sample(one)) for one, two in pairs]).values()
    return float(found)


@pytest.mark.parametrize("seed", range(6))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, 25)
    clusters = np.where(rng.random(25) < 0.6, classes, rng.integers(0, 5, 25)) * 2
    assert figure(AdjustedRand(), classes, clusters) == pytest.approx(judge.adjusted_rand_score(classes, clusters))
    assert figure(NormalizedMutualInformation(), classes, clusters) == pytest.approx(judge.normalized_mutual_info_score(classes, clusters))


@pytest.mark.parametrize(
    ("classes", "clusters"), [([0, 0, 0], [0, 0, 0]), ([0, 0, 0], [0, 1, 2]), ([0, 1, 2], [0, 0, 0]), ([0, 1, 2], [2, 1, 0])]
)
def test_one_cluster_and_one_each_agree_with_scikit_learn(classes: list[int], clusters: list[int]) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    first, second = np.array(classes), np.array(clusters)
    assert figure(AdjustedRand(), first, second) == pytest.approx(judge.adjusted_rand_score(first, second))
    assert figure(NormalizedMutualInformation(), first, second) == pytest.approx(judge.normalized_mutual_info_score(first, second))


def test_the_best_matching_is_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    classes, clusters = rng.integers(0, 3, 30), rng.integers(0, 4, 30)
    best = max(float((np.array(names)[clusters] == classes).mean()) for names in itertools.permutations([0, 1, 2, -1]))
    assert figure(ClusteringAccuracy(), classes, clusters) == pytest.approx(best)


@pytest.mark.parametrize("metric", METRICS)
def test_numbers_of_clusters_mean_nothing(metric: Any) -> None:
    rng = np.random.default_rng(1)
    classes, clusters = rng.integers(0, 3, 20), rng.integers(0, 3, 20)
    assert figure(metric, classes, np.array([4, 0, 9])[classes]) == pytest.approx(1)
    value = figure(metric, classes, clusters)
    assert value < 0.9
    assert figure(metric, classes, np.array([4, 0, 9])[clusters]) == pytest.approx(value)
    order = rng.permutation(20)
    assert figure(metric, classes[order], clusters[order]) == pytest.approx(value)
    assert math.isnan(figure(metric, classes[:1], clusters[:1]))
    assert math.isnan(next(iter(metric.total([]).values())))
    with pytest.raises(DataError, match="no class"):
        metric.case(Cluster(0), sample(None))


def test_a_plain_module_gives_scores_of_clusters_and_learns_by_itself() -> None:
    batch = Batch.of([sample(1), sample(0)])
    assert TASK.arguments(batch)[0].shape == (2, 2)
    assert TASK.predictions(torch.tensor([[0.1, 0.2, 0.0], [3.0, 1.0, 2.0]]), batch) == [Cluster(1), Cluster(0)]
    assert Cluster.stack([Cluster(2), Cluster(0)]).tolist() == [2, 0]
    with pytest.raises(PluginError, match="learns without classes"):
        TASK.target(batch)
    with pytest.raises(PluginError, match="Clustering says no tensors"):
        TASK.tensors(torch.zeros(2, 3))
    with pytest.raises(PluginError, match="Clustering makes no predictions of tensors"):
        TASK.from_tensors({}, batch)


def test_samples_and_predictions_are_checked() -> None:
    TASK.check(sample(0))
    TASK.check_prediction(Cluster(0), sample(None))
    with pytest.raises(DataError, match="negative"):
        TASK.check(sample(-1))
    for wrong in (Cluster(-1), Cluster(True), Cluster(np.int64(1)), 3):
        with pytest.raises(PluginError, match="no cluster with a number from 0"):
            TASK.check_prediction(wrong, sample(None))  # type: ignore[arg-type]


def test_a_cluster_comes_back_from_its_file(tmp_path: Path) -> None:
    assert TASK.load(TASK.save(Cluster(3), sample(None), tmp_path / "p-1.5")) == Cluster(3)
    for text in ("{}", "[]", "not json", '{"cluster": -1}', '{"cluster": "1"}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(DataError, match=r"x\.json: "):
            TASK.load(tmp_path / "x.json")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    assert len(TASK.open([tmp_path / "a.csv"]).cases()) == 1


def test_the_picture_says_cluster_and_class() -> None:
    drawn = TASK.draw(sample(1), Cluster(4), {"classes": ["benign", "malignant"]})
    assert drawn.axes[0].get_title() == "cluster 4   (class malignant)"
    drawn.savefig(io.BytesIO(), dpi=30)
    assert TASK.draw(sample(None), Cluster(4), {}).axes[0].get_title() == "cluster 4"
    assert [text.get_text() for text in drawn.axes[0].get_yticklabels()] == ["x", "y"]
    long = Sample(Case("a", "a"), Row(torch.zeros(450), tuple(map(str, range(450)))))
    assert TASK.draw(long, Cluster(0), {}).axes[0].get_ylabel() == "450 columns"
