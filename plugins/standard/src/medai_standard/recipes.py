"""Recipes of standard parts alone, one per task, for a user who brings data and wants something sensible. This module is light."""

from __future__ import annotations

from medai.api import Protocol, Recipe, Slot, Split, Train, use

_LICENSE = "Apache-2.0"
_ONCE = Train(epochs=1, validate_every=1)
"""For estimators that are fitted in one go."""

CLASSIFY_TABLE = Recipe(
    name="classify-table",
    task="classification",
    summary="which class a row of a table is of: a random forest beside logistic regression and a guess",
    model=use("standard/sklearn-classifier", estimator="RandomForestClassifier", grid={"min_samples_leaf": [1, 3, 10]}),
    data={"table": Slot(folder=use("standard/table"), embedded=use("standard/bundled-table", name="breast-cancer"))},
    train=_ONCE,
    protocol=Protocol(
        split=Split(valid=0.15, test=0.25),
        metrics=(
            use("medai/auc"),
            use("medai/accuracy"),
        ),
    ),
    baselines=(
        use("standard/sklearn-classifier", estimator="LogisticRegression", grid={"C": [0.01, 0.1, 1.0, 10.0]}),
        use("standard/sklearn-classifier", estimator="DummyClassifier"),
    ),
    scales={"quick": {}},
    license=_LICENSE,
)

REGRESS_TABLE = Recipe(
    name="regress-table",
    task="regression",
    summary="a value for each row of a table: a random forest beside ridge regression and the mean",
    model=use("standard/sklearn-regressor", estimator="RandomForestRegressor", grid={"min_samples_leaf": [1, 3, 10, 30]}),
    data={"table": Slot(folder=use("standard/table-of-values"), embedded=use("standard/bundled-table", name="diabetes"))},
    train=_ONCE,
    protocol=Protocol(split=Split(valid=0.15, test=0.25)),
    baselines=(
        use("standard/sklearn-regressor", estimator="Ridge", grid={"alpha": [0.1, 1.0, 10.0, 100.0]}),
        use("standard/sklearn-regressor", estimator="DummyRegressor"),
    ),
    scales={"quick": {}},
    license=_LICENSE,
)

CLUSTER_TABLE = Recipe(
    name="cluster-table",
    task="clustering",
    summary="rows of a table in groups that are found without their classes: k-means beside Ward's and a Gaussian mixture",
    model=use("standard/sklearn-clusterer", estimator="KMeans", options={"n_clusters": 2, "n_init": 10}),
    data={"table": Slot(folder=use("standard/table"), embedded=use("standard/bundled-table", name="breast-cancer"))},
    train=_ONCE,
    protocol=Protocol(split=Split(valid=0.0, test=0.25)),
    baselines=(
        use("standard/sklearn-clusterer", estimator="AgglomerativeClustering", options={"n_clusters": 2}),
        use("standard/sklearn-clusterer", estimator="GaussianMixture", options={"n_components": 2}),
    ),
    scales={"quick": {}},
    license=_LICENSE,
)

RECIPES = (CLASSIFY_TABLE, REGRESS_TABLE, CLUSTER_TABLE)
