"""The task: cases alike, found without their classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from medai.api import Use, use
from medai.errors import DataError, PluginError
from medai.io import write_json
from medai.tasks._protocols import Dataset, Task
from medai.tasks._records import Batch, Sample
from medai.tasks.classification.types import Label
from medai.tasks.clustering.types import Cluster
from medai.tasks.images_or_rows import Given, check_input, open_images_or_rows, show, tensor_of


class Clustering(Task[Given, Label, Cluster]):
    """Which cases are alike; the reference is a class, which nothing learns from and only metrics look at.

    A plain module's output is a score for each cluster, float32 (B, k), the higher the nearer; it learns by a `training_step` of its
    own. Its output is not exported.
    """

    reference = Label
    prediction = Cluster
    metrics: tuple[Use, ...] = (use("medai/adjusted-rand"), use("medai/clustering-accuracy"), use("medai/normalized-mutual-information"))

    def arguments(self, batch: Batch[Given, Label]) -> tuple[torch.Tensor]:
        """The pixels, (B, C, H, W) or (B, C, D, H, W), or the values of the rows, (B, F)."""
        return (tensor_of(batch.inputs),)

    def target(self, batch: Batch[Given, Label]) -> Any:
        """Nothing: a clustering learns without classes.

        Raises:
            PluginError: always.
        """
        raise PluginError("a clustering learns without classes: a module of this task offers training_step, a learner fit")

    def predictions(self, output: torch.Tensor, batch: Batch[Given, Label]) -> list[Cluster]:
        """The cluster with the highest score."""
        return [Cluster(index) for index in output.argmax(1).tolist()]

    def perfect(self, samples: Sequence[Sample[Given, Label]]) -> list[Cluster]:
        """A cluster for each class."""
        return [Cluster(sample.reference.index) for sample in samples if sample.reference is not None]

    def check(self, sample: Sample[Given, Label]) -> None:
        """The input is float32, an image finite; the class is not negative.

        Raises:
            DataError: it is not so.
        """
        check_input(sample)
        if sample.reference is not None and sample.reference.index < 0:
            raise DataError(f"case {sample.case.id}: class {sample.reference.index} is negative; classes count from 0")

    def check_prediction(self, prediction: Cluster, sample: Sample[Given, Label]) -> None:
        """The number of a cluster, from 0.

        Raises:
            PluginError: it is not so.
        """
        if not isinstance(prediction, Cluster) or type(prediction.index) is not int or prediction.index < 0:
            raise PluginError(f"the prediction of case {sample.case.id} is no cluster with a number from 0: {prediction!r}")

    def draw(self, sample: Sample[Given, Label], prediction: Cluster, options: Mapping[str, Any]) -> Figure:
        """The input, with its cluster and its class above it; `options["classes"]` names the classes."""
        figure = Figure(figsize=(4.2, 3.6), layout="constrained")
        axes = figure.subplots()
        show(axes, sample.inputs)
        title, names = f"cluster {prediction.index}", options.get("classes", ())
        if sample.reference is not None:
            index = sample.reference.index
            title += f"   (class {names[index] if index < len(names) else index})"
        axes.set_title(title, fontsize=10)
        return figure

    def save(self, prediction: Cluster, sample: Sample[Given, Label], stem: Path) -> Path:
        """Write the cluster's number as JSON."""
        path = stem.with_name(stem.name + ".json")
        write_json(path, {"case": sample.case.id, "cluster": prediction.index})
        return path

    def load(self, path: Path) -> Cluster:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not there, or holds something else.
        """
        try:
            index = json.loads(path.read_text(encoding="utf-8"))["cluster"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"no cluster in it ({type(error).__name__}: {error})", path) from error
        if type(index) is not int or index < 0:
            raise DataError(f"the cluster {index!r} is no number from 0", path)
        return Cluster(index)

    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        """Rows of CSV files, or images; one kind at a time."""
        return open_images_or_rows(paths)
