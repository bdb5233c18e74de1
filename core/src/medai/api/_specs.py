"""Specs: the light, frozen record that declares one component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One component of a plugin.

    Attributes:
        name: lower-case words joined by hyphens, unique in its plugin and kind; the id is `plugin/name`.
        target: `"package.module:Name"`; imported when the component is used.
        summary: one line for `medai list`.
        task: the name or id of the task that it serves; empty when it serves any.
        inputs: the input types that it takes (`"image"`, `"sequence"`, `"row"` or a plugin's own); empty when it takes any.
        license: SPDX identifier of the code, or of the data for a dataset.
        source: the paper, equation, table or address that it comes from.
        implements: the catalogue rows that it answers.
        needs: packages or files beyond the plugin's own requirements, in words for a person.
        devices: kinds of device that it runs on.
        example: parameters to try it with, small and without a download, where its defaults are not that.
        known_failures: checks of the contract (`medai plugin check`) that it fails, by name, each with the reason.
        former_names: names that it had before, each with the version of the plugin's distribution from which it no longer works.
    """

    name: str
    target: str
    summary: str
    task: str = ""
    inputs: tuple[str, ...] = ()
    license: str = ""
    source: str = ""
    implements: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu", "cuda", "mps")
    example: Mapping[str, object] = field(default_factory=dict)
    known_failures: Mapping[str, str] = field(default_factory=dict)
    former_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Spec):
    """Declares a task."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """Declares a dataset, or a view: a dataset whose first parameter is `source`."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """Declares a model: a plain `torch.nn.Module`, a predictor or a learner."""


@dataclass(frozen=True, kw_only=True)
class LossSpec(Spec):
    """Declares a loss."""


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """Declares a metric.

    Attributes:
        of: whether it measures predictions (image quality, AP, F1), the model itself (parameters, latency) or how it was trained (steps
            to convergence).
    """

    of: Literal["predictions", "model", "training"] = "predictions"


@dataclass(frozen=True, kw_only=True)
class ExporterSpec(Spec):
    """Declares an exporter.

    Attributes:
        of: whether it writes predictions (files a reader of images opens) or the model (weights, ONNX).
    """

    of: Literal["predictions", "model"] = "predictions"
