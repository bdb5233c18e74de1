"""scikit-learn's support vector classifier, kept as skops' bytes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import skops.io
import torch
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from medai.errors import DataError
from medai.tasks import Batch, Context, Feed, Progress, Scores


class Svc:
    """Fits once for each cost and keeps the one with the best accuracy on the validation rows; two classes.

    Args:
        costs: of the wrong side of the margin.
    """

    def __init__(self, costs: tuple[float, ...] = (1.0,)) -> None:
        self.costs = costs
        self.tried, self.accuracy = 0, -1.0
        self.best: Pipeline | None = None
        self.names: tuple[str, ...] = ()

    def predict(self, batch: Batch) -> list[Scores]:
        if batch.inputs.names != self.names:
            raise DataError(f"the columns are {', '.join(batch.inputs.names)}, the model knows {', '.join(self.names)}")
        odds = torch.from_numpy(np.asarray(self.best.decision_function(batch.inputs.values.cpu().numpy()), dtype=np.float64))
        second = torch.sigmoid(odds).float()
        return [Scores(torch.stack([1 - value, value])) for value in second]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        values, labels = _table(train)
        held = _table(valid) if valid is not None else (values, labels)
        self.names = next(iter(train.samples())).inputs.names
        while self.tried < len(self.costs):
            estimator = make_pipeline(StandardScaler(), SVC(C=self.costs[self.tried], random_state=context.seed)).fit(values, labels)
            accuracy = float(estimator.score(*held))
            if accuracy > self.accuracy:
                self.best, self.accuracy = estimator, accuracy
            self.tried += 1
            yield Progress(self.tried, self.tried, True, {"error": 1 - accuracy})

    def state_dict(self) -> dict[str, Any]:
        held = np.frombuffer(b"" if self.best is None else skops.io.dumps(self.best), dtype=np.uint8)
        return {"estimator": held, "tried": self.tried, "accuracy": self.accuracy, "names": list(self.names)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        held = np.asarray(state["estimator"], dtype=np.uint8).tobytes()
        self.best = skops.io.loads(held) if held else None
        self.tried, self.accuracy, self.names = state["tried"], state["accuracy"], tuple(state["names"])


def _table(feed: Feed) -> tuple[np.ndarray, np.ndarray]:
    rows = list(feed.samples())
    return np.stack([row.inputs.values.numpy() for row in rows]), np.array([row.reference.index for row in rows])
