"""scikit-learn's classifiers, regressors and clusterings, each behind a pipeline of its transformers.

What is kept of one is a skops file: no pickle, and only types of scikit-learn and numpy are taken when it is read.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

import numpy as np
import skops.io
import torch
from sklearn.base import BaseEstimator
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import ParameterGrid
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils import all_estimators

from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Cluster, Context, Feed, Image, Label, Progress, Row, Sample, Scores, Value

Array = np.ndarray[Any, Any]
Step = str | dict[str, Any]

STEPS: tuple[Step, ...] = ("SimpleImputer", "StandardScaler")
"""What stands before every estimator unless a recipe says otherwise: gaps filled with the column's mean, columns of unit deviation."""

_TRUSTED = ("sklearn.", "numpy.dtype", "numpy.random.", "scipy.sparse.")
_MIXTURES = {"GaussianMixture": GaussianMixture, "BayesianGaussianMixture": BayesianGaussianMixture}


class _Estimator:
    """A pipeline: transformers, then an estimator, fitted on the rows of a table or on the pixels of images of one size.

    With a `grid`, one candidate after another is fitted on the training cases, and the one with the best score of scikit-learn's own
    on the validation cases is kept (on the training cases where there are none). One step of the training is one candidate.

    Args:
        estimator: the name of a class of scikit-learn (`medai show` says of which kind).
        options: keywords of its constructor.
        steps: transformers before it: names, or tables of `name` and keywords, such as `{name = "PCA", n_components = 10}`.
        grid: lists of values to try by keyword; a transformer's keyword bears its name (`PCA__n_components`).
    """

    kind: ClassVar[str]

    def __init__(self, estimator: str, options: dict[str, Any], steps: Sequence[Step], grid: dict[str, tuple[Any, ...]]) -> None:
        self.estimator, self.options, self.steps, self.grid = estimator, options, tuple(steps), grid
        self._pipeline({}, seed=0)  # an unknown name or keyword shows now, not after the data have been read
        self.fitted: Pipeline | None = None
        self.names: tuple[str, ...] = ()
        self._tried, self._score = 0, -math.inf

    def fit(self, train: Feed[Any, Any], valid: Feed[Any, Any] | None, context: Context) -> Iterator[Progress]:
        """Fit every candidate; one step is one candidate.

        Raises:
            DataError: a case has no reference, or the cases differ in their columns or sizes.
        """
        values, answers, self.names = self._learned_from(train)
        held = (values, answers) if valid is None else self._learned_from(valid)[:2]
        candidates = list(ParameterGrid({name: list(tried) for name, tried in self.grid.items()}))
        while self._tried < len(candidates):
            pipeline = self._pipeline(candidates[self._tried], context.seed)
            self._fit_one(pipeline, values, answers)
            score = self._rate(pipeline, *held) if len(candidates) > 1 else 0.0
            if self.fitted is None or score > self._score:
                self.fitted, self._score = pipeline, score
            self._tried += 1
            yield Progress(self._tried, self._tried, True, {"score": score} if len(candidates) > 1 else {}, total=len(candidates))

    def state_dict(self) -> dict[str, Any]:
        """The fitted pipeline as the bytes of a skops file, uint8 (n,)."""
        held = b"" if self.fitted is None else skops.io.dumps(self.fitted)
        return {
            "estimator": np.frombuffer(held, dtype=np.uint8),
            "names": list(self.names),
            "tried": self._tried,
            "score": self._score if math.isfinite(self._score) else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state.

        Raises:
            PluginError: the skops file holds types that are neither scikit-learn's nor numpy's.
        """
        held = np.asarray(state["estimator"], dtype=np.uint8).tobytes()
        self.fitted = opened(held) if held else None
        self.names, self._tried = tuple(state["names"]), int(state["tried"])
        self._score = -math.inf if state["score"] is None else float(state["score"])

    def _pipeline(self, chosen: Mapping[str, Any], seed: int) -> Pipeline:
        """The pipeline, not fitted, with a candidate's parameters and every random state seeded."""
        steps = [{"name": step} if isinstance(step, str) else step for step in self.steps]
        parts = [_made("transformer", _name_of(step), step) for step in steps] + [_made(self.kind, self.estimator, self.options)]
        names = [type(part).__name__ for part in parts]
        # A transformer that stands twice is told apart by its place.
        unique = [name if names.count(name) == 1 else f"{name}{place}" for place, name in enumerate(names)]
        pipeline = Pipeline(list(zip(unique, parts, strict=True)))
        known = pipeline.get_params()
        own = {name if "__" in name else f"{pipeline.steps[-1][0]}__{name}": value for name, value in chosen.items()}
        unknown = [name for name in own if name not in known]
        if unknown:
            raise UsageError(f"grid: {self.estimator} and its steps have no parameter {unknown[0]!r}")
        random = {name: seed for name, value in known.items() if name.endswith("random_state") and value is None}
        return pipeline.set_params(**random, **own)

    def _learned_from(self, feed: Feed[Any, Any]) -> tuple[Array, Array, tuple[str, ...]]:
        samples = list(feed.samples())
        columns = [_columns(sample.inputs) for sample in samples]
        other = next((place for place, names in enumerate(columns) if names != columns[0]), None)
        if other is not None:
            raise DataError(f"case {samples[other].case.id} has other columns, or another size, than {samples[0].case.id}")
        values = np.stack([_flat(sample.inputs) for sample in samples])
        return values, np.array([self._answer(sample) for sample in samples]), columns[0]

    def _given(self, batch: Batch[Any, Any]) -> tuple[Pipeline, Array]:
        if self.fitted is None:
            raise PluginError(f"{self.estimator} has not been fitted")
        names = _columns(batch.inputs, stacked=True)
        if names != self.names:
            raise DataError(f"the columns or the size are {_short(names)}; {self.estimator} was fitted on {_short(self.names)}")
        rows = batch.inputs.values if isinstance(batch.inputs, Row) else batch.inputs.pixels.flatten(1)
        return self.fitted, rows.cpu().numpy().astype(np.float64)

    def _answer(self, sample: Sample[Any, Any]) -> Any:
        raise NotImplementedError

    def _fit_one(self, pipeline: Pipeline, values: Array, answers: Array) -> None:
        pipeline.fit(values, answers)

    def _rate(self, pipeline: Pipeline, values: Array, answers: Array) -> float:
        return float(pipeline.score(values, answers))


class Classifier(_Estimator):
    """A classifier of scikit-learn, as `medai_standard.models.estimators` says of all.

    One that gives no probabilities is asked for its decision function, of which the softmax is taken (of two classes the sigmoid): a
    ranking, not a calibrated probability. One that has neither answers 1 for its class.

    Args:
        estimator: a classifier's class, such as `LogisticRegression`, `SVC`, `RandomForestClassifier`.
        options: keywords of its constructor.
        steps: transformers before it, names or tables of `name` and keywords.
        grid: lists of values to try by keyword.
        classes: how many classes there are; None: as many as the training cases show.
    """

    kind = "classifier"

    def __init__(
        self,
        estimator: str = "LogisticRegression",
        options: dict[str, Any] = {},  # noqa: B006  never changed
        steps: tuple[Step, ...] = STEPS,
        grid: dict[str, tuple[Any, ...]] = {},  # noqa: B006
        classes: int | None = None,
    ) -> None:
        super().__init__(estimator, options, steps, grid)
        self.classes = classes

    def predict(self, batch: Batch[Any, Any]) -> list[Scores]:
        """The probability of each class, float32 (n,)."""
        pipeline, values = self._given(batch)
        known = np.asarray(pipeline.classes_, dtype=np.int64)
        found = np.zeros((len(values), max(self.classes or 0, int(known.max()) + 1)))
        found[:, known] = _probabilities(pipeline, values)
        return [Scores(torch.from_numpy(row).float()) for row in found]

    def _answer(self, sample: Sample[Any, Any]) -> int:
        if not isinstance(sample.reference, Label):
            raise DataError(f"case {sample.case.id} has no class to learn from")
        return sample.reference.index


class Regressor(_Estimator):
    """A regressor of scikit-learn, as `medai_standard.models.estimators` says of all; of several values, those that can give several.

    Args:
        estimator: a regressor's class, such as `Ridge`, `SVR`, `RandomForestRegressor`.
        options: keywords of its constructor.
        steps: transformers before it, names or tables of `name` and keywords.
        grid: lists of values to try by keyword.
    """

    kind = "regressor"

    def __init__(
        self,
        estimator: str = "Ridge",
        options: dict[str, Any] = {},  # noqa: B006
        steps: tuple[Step, ...] = STEPS,
        grid: dict[str, tuple[Any, ...]] = {},  # noqa: B006
    ) -> None:
        super().__init__(estimator, options, steps, grid)
        self._targets: tuple[str, ...] = ()

    def predict(self, batch: Batch[Any, Any]) -> list[Value]:
        """The values, float32 (k,)."""
        pipeline, values = self._given(batch)
        found = np.asarray(pipeline.predict(values), dtype=np.float32).reshape(len(values), -1)
        return [Value(torch.from_numpy(row.copy()), self._targets) for row in found]

    def state_dict(self) -> dict[str, Any]:
        """As for every estimator, and the names of the values."""
        return {**super().state_dict(), "targets": list(self._targets)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state; errors as for every estimator."""
        super().load_state_dict(state)
        self._targets = tuple(state["targets"])

    def _answer(self, sample: Sample[Any, Any]) -> Array:
        if not isinstance(sample.reference, Value):
            raise DataError(f"case {sample.case.id} has no value to learn from")
        self._targets = sample.reference.names
        return sample.reference.values.numpy().astype(np.float64)

    def _fit_one(self, pipeline: Pipeline, values: Array, answers: Array) -> None:
        # Many warn of, or refuse, a column where a vector is due.
        pipeline.fit(values, answers[:, 0] if answers.shape[1] == 1 else answers)


class Clusterer(_Estimator):
    """A clustering of scikit-learn: groups of cases alike, found without their classes.

    One that cannot place new cases (`DBSCAN`, `AgglomerativeClustering`, `SpectralClustering`) gives a new case the cluster of the
    nearest training case. Clusters are numbered from 0; cases that a method counts as noise are a cluster of their own.

    Args:
        estimator: a clustering's class, such as `KMeans`, `AgglomerativeClustering`, or `GaussianMixture`.
        options: keywords of its constructor.
        steps: transformers before it, names or tables of `name` and keywords.
    """

    kind = "cluster"

    def __init__(
        self,
        estimator: str = "KMeans",
        options: dict[str, Any] = {},  # noqa: B006
        steps: tuple[Step, ...] = STEPS,
    ) -> None:
        super().__init__(estimator, options, steps, {})

    def predict(self, batch: Batch[Any, Any]) -> list[Cluster]:
        """The number of the cluster."""
        pipeline, values = self._given(batch)
        return [Cluster(int(index)) for index in pipeline.predict(values)]

    def _answer(self, sample: Sample[Any, Any]) -> int:
        return 0  # what the cases are called is not looked at

    def _fit_one(self, pipeline: Pipeline, values: Array, answers: Array) -> None:
        pipeline.fit(values)
        if hasattr(pipeline, "predict"):
            return
        numbers = np.unique(pipeline[-1].labels_, return_inverse=True)[1]
        nearest = KNeighborsClassifier(n_neighbors=1).fit(pipeline[:-1].transform(values) if len(pipeline) > 1 else values, numbers)
        pipeline.steps[-1] = (type(nearest).__name__, nearest)


def opened(held: bytes) -> Pipeline:
    """The pipeline in a skops file.

    Raises:
        PluginError: it cannot be read, or holds types that are neither scikit-learn's nor numpy's.
    """
    try:
        unknown = skops.io.get_untrusted_types(data=held)
        strange = [name for name in unknown if not name.startswith(_TRUSTED)]
        if strange:
            raise PluginError(f"the skops file holds types that are not taken: {', '.join(strange)}")
        pipeline = skops.io.loads(held, trusted=unknown)
    except PluginError:
        raise
    except Exception as error:  # zip, json and the constructors of scikit-learn each have their own
        raise PluginError(f"the skops file cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(pipeline, Pipeline):
        raise PluginError(f"the skops file holds a {type(pipeline).__name__}, not a pipeline")
    return pipeline


def _made(kind: str, name: str, options: Mapping[str, Any]) -> BaseEstimator:
    """An instance of a class of scikit-learn by name."""
    known = _classes(kind)
    if name not in known:
        near = get_close_matches(name, known, 3, 0.5)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise UsageError(f"scikit-learn has no {kind} called {name!r}{hint}")
    given = {key: value for key, value in options.items() if key != "name"}
    accepted = inspect.signature(known[name]).parameters
    unknown = [key for key in given if key not in accepted]
    if unknown:
        raise UsageError(f"{name} has no parameter {unknown[0]!r}: it has {', '.join(accepted)}")
    try:
        return known[name](**given)
    except TypeError as error:
        raise UsageError(f"{name} cannot be built from these parameters: {error}") from error


@functools.cache
def _classes(kind: str) -> dict[str, Any]:
    # Mixtures place cases in groups, but scikit-learn does not count them among its clusterings.
    return dict(all_estimators(type_filter=kind)) | (_MIXTURES if kind == "cluster" else {})


def _name_of(step: Mapping[str, Any]) -> str:
    if not isinstance(step.get("name"), str):
        raise UsageError(f"steps: {dict(step)!r} has no name of a transformer")
    return str(step["name"])


def _columns(inputs: Any, *, stacked: bool = False) -> tuple[str, ...]:
    """What must be alike in all cases: the names of the columns, or the size of the image."""
    if isinstance(inputs, Row):
        return inputs.names
    if isinstance(inputs, Image):
        return tuple(map(str, inputs.pixels.shape[1 if stacked else 0 :]))
    raise PluginError(f"scikit-learn's estimators take rows and images, not {type(inputs).__name__}")


def _flat(inputs: Row | Image) -> Array:
    values = inputs.values if isinstance(inputs, Row) else inputs.pixels.flatten()
    return values.numpy().astype(np.float64)


def _probabilities(pipeline: Pipeline, values: Array) -> Array:
    if hasattr(pipeline, "predict_proba"):
        return np.asarray(pipeline.predict_proba(values))
    if hasattr(pipeline, "decision_function"):
        odds = torch.from_numpy(np.asarray(pipeline.decision_function(values), dtype=np.float64))
        return (torch.stack([-odds, odds], 1) / 2 if odds.ndim == 1 else odds).softmax(1).numpy()
    return np.equal.outer(pipeline.predict(values), pipeline.classes_).astype(np.float64)


def _short(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
