"""Learners with a `fit` of their own."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from medai.errors import DivergedError
from medai.tasks import Batch, Cluster, Context, Feed, Label, Learner, Progress, Scores, Value


class Means(Learner[Cluster]):
    """Lloyd's rule, a round for each epoch."""

    def __init__(self, count: int = 2) -> None:
        self.count, self.rounds = count, 0
        self.centres: torch.Tensor | None = None

    def predict(self, batch: Batch) -> list[Cluster]:
        return [Cluster(int(index)) for index in torch.cdist(batch.inputs.values.cpu(), self.centres).argmin(1)]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        values = torch.stack([sample.inputs.values for sample in train.samples()])
        rounds = context.train.epochs or context.train.steps or 1
        if self.centres is None:
            order = np.random.default_rng(context.seed).permutation(len(values))
            self.centres = values[order[: self.count]].clone()
        while self.rounds < rounds:
            nearest = torch.cdist(values, self.centres).argmin(1)
            for index in range(self.count):
                if (nearest == index).any():
                    self.centres[index] = values[nearest == index].mean(0)
            far = torch.cdist(values, self.centres).min(1).values.mean()
            if not torch.isfinite(far):
                raise DivergedError("the centres are nowhere")
            self.rounds += 1
            yield Progress(step=self.rounds, epoch=self.rounds, end_of_epoch=True, losses={"far": far}, cases=(), total=rounds)

    def state_dict(self) -> Mapping[str, Any]:
        held = {} if self.centres is None else {"centres": self.centres}
        return {"rounds": self.rounds, **held}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rounds, self.centres = state["rounds"], state.get("centres")


class Centres:
    """The class of the nearest mean; learns from batches."""

    def __init__(self) -> None:
        self.means: dict[str, torch.Tensor] = {}

    def predict(self, batch: Batch) -> list[Scores]:
        means = torch.stack([self.means[key] for key in sorted(self.means)])
        return [Scores(row) for row in torch.softmax(-torch.cdist(batch.inputs.values.cpu(), means), 1)]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        found: dict[int, list[torch.Tensor]] = {}
        for batch in train.batches(0, 4, start=0, micro=4):
            if batch is not None:
                held = batch.to("cpu")
                for value, index in zip(held.inputs.values, held.reference.tolist(), strict=True):
                    found.setdefault(index, []).append(value)
        self.means = {str(index): torch.stack(values).mean(0) for index, values in found.items()}
        assert Label(0) in {Label(index) for index in found}
        context.note(f"{len(found)} classes of {len(train)} rows")
        (context.folder / "classes.txt").write_text(" ".join(self.means))
        yield Progress(1, 1, True)

    def state_dict(self) -> Mapping[str, Any]:
        return {"means": dict(self.means)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.means = dict(state["means"])


class MeanValue:
    """The mean of what it has seen, whatever it is given."""

    def __init__(self) -> None:
        self.mean = torch.zeros(1)
        self.names: tuple[str, ...] = ()

    def predict(self, batch: Batch) -> list[Value]:
        return [Value(self.mean.clone(), self.names) for _ in batch.cases]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        references = [sample.reference for sample in train.samples(0)]
        self.mean, self.names = torch.stack([each.values for each in references]).mean(0), references[0].names
        yield Progress(1, 1, True)

    def state_dict(self) -> Mapping[str, Any]:
        return {"mean": self.mean, "names": list(self.names)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.mean, self.names = state["mean"], tuple(state["names"])
