"""The metrics of torchmetrics, by name, for every task."""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from medai.errors import DataError, EnvironmentFault, UsageError
from medai.tasks import Sample
from medai_standard.metrics_tensors import tensors_of

if TYPE_CHECKING:
    from torchmetrics import Metric

State = Mapping[str, torch.Tensor | list[torch.Tensor]]
"""The metric's own state after one case."""
Given = tuple[torch.Tensor, torch.Tensor]
"""What it was given for one case."""
Part = State | Given | Mapping[str, float]

_DOMAINS = ("classification", "segmentation", "regression", "detection", "image", "clustering", "nominal")
_DOWNLOADING = frozenset(
    {
        *("ARNIQA", "DeepImageStructureAndTextureSimilarity", "FrechetInceptionDistance", "InceptionScore", "KernelInceptionDistance"),
        *("LearnedPerceptualImagePatchSimilarity", "MemorizationInformedFrechetInceptionDistance", "PerceptualPathLength"),
    }
)
"""Their networks come from the internet when they are built."""

# What torchmetrics says when it gives 0 in place of a figure that is not defined.
_UNDEFINED = re.compile("meaningless|undefined|Returns 0")


class TorchMetric:
    """A metric of torchmetrics over all cases together: one case's statistics are the metric's state after that case alone, and states
    are put together as torchmetrics does between processes, so that intervals need no pixels. (Of correlations, the values are kept.)

    What it is given depends on the prediction: probabilities and the class; of masks the classes, (1, H, W) or (1, D, H, W), to a
    `Binary...` metric whether they are foreground; boxes in absolute pixels; numbers; pixels, (1, C, H, W) or (1, C, D, H, W), flat to
    a metric of regression; of base pairs 0 and 1 for each pair of positions i < j; cluster and class.

        {use = "standard/torchmetrics", metric = "MulticlassF1Score", label = "f1", options = {num_classes = 3}}
        {use = "standard/torchmetrics", metric = "BinaryRecall", label = "sensitivity"}
        {use = "standard/torchmetrics", metric = "BinarySpecificity", label = "specificity", better = "higher"}
        {use = "standard/torchmetrics", metric = "MulticlassRecall", label = "balanced-accuracy", options = {num_classes = 3}}
        {use = "standard/torchmetrics", metric = "segmentation.GeneralizedDiceScore", options = {num_classes = 2}}
        {use = "standard/torchmetrics", metric = "MeanAveragePrecision"}
        {use = "standard/torchmetrics", metric = "PearsonCorrCoef", label = "r", better = "higher"}
        {use = "standard/torchmetrics", metric = "VisualInformationFidelity", label = "vif", average = "cases"}

    A figure is NaN where torchmetrics gives NaN, refuses (too few cases), or warns that it gives 0 because nothing is defined (the
    area under the curve of cases of one class). A metric of several numbers gives a figure each, named by its key or by its place from 0.

    Args:
        metric: a class of torchmetrics, `MulticlassAUROC` or with its domain, `classification.MulticlassAUROC`.
        label: the figure's name, or what stands before the names of several; default, the class's name as `multiclass-auroc`, and
            nothing before the keys of a metric that names its numbers.
        better: `higher` or `lower`; needed where torchmetrics does not say (specificity, correlations, most of clusters).
        average: `pooled`, the metric over all cases, or `cases`, the mean of the cases' own figures that are finite. A thousand
            resamples of 100 pooled cases take half a second where states are sums, and a minute or two for `MeanAveragePrecision`
            (`medai/average-precision` is the same figure, quicker) and for metrics of images that keep every pixel.
        options: keywords of the class, such as `num_classes`, `average`, `threshold`, `data_range`. Masks are given as
            `input_format = "index"`.
    """

    def __init__(
        self,
        metric: str,
        label: str = "",
        better: Literal["higher", "lower"] | None = None,
        average: Literal["pooled", "cases"] = "pooled",
        options: dict[str, Any] = {},  # noqa: B006  never changed
    ) -> None:
        self._metric = _built(metric, options)
        self._name = type(self._metric).__name__
        self._label = label
        self._pooled = average == "pooled"
        higher = self._metric.higher_is_better
        if better is None and higher is None:
            raise UsageError(f'torchmetrics does not say which way {self._name} is good: give better = "higher" or "lower"')
        self.better: Literal["higher", "lower"] = better or ("higher" if higher else "lower")

    def case(self, prediction: Any, sample: Sample[Any, Any]) -> Part:
        """The metric's state after this case; with `average = "cases"`, its figures.

        Raises:
            DataError: the case has no reference.
            UsageError: the metric does not take such predictions.
        """
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no reference to compare with")
        self._metric.reset()
        given = tensors_of(self._metric, prediction, sample.reference)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._metric.update(*given)
        except (ValueError, RuntimeError, TypeError, IndexError, NotImplementedError) as error:
            raise UsageError(f"{self._name} does not take this prediction and reference: {error}") from error
        # Lists are emptied by the next reset.
        state = {name: list(held) if isinstance(held, list) else held for name, held in self._metric.metric_state.items()}
        part: State | Given = state if self._mergeable else given
        return part if self._pooled else self._of([part])

    def total(self, parts: Sequence[Any]) -> Mapping[str, float]:
        """The figures of several cases together; NaN where not defined.

        Raises:
            UsageError: the metric gives a curve and no figures.
        """
        if not self._pooled:
            names = dict.fromkeys(name for part in parts for name in part)
            return {name: _mean([part.get(name, math.nan) for part in parts]) for name in names}
        return self._of(parts) if parts else {self._figure: math.nan}

    @property
    def _figure(self) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", self._name.replace("IoU", "Iou"))
        return self._label or words.lower()

    def _of(self, parts: Sequence[Any]) -> dict[str, float]:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            self._take_up(parts)
            try:
                # Of the class, not of the object: there it is wrapped to remember its result and to talk to other processes.
                result = type(self._metric).compute(self._metric)
            except ValueError:
                return {self._figure: math.nan}
        return dict(self._named(result, any(_UNDEFINED.search(str(each.message)) for each in said)))

    def _take_up(self, parts: Sequence[Any]) -> None:
        """Bring the metric into the state that it has after all cases."""
        if not self._mergeable:
            self._metric.reset()
            self._metric.update(*(torch.cat(column) for column in zip(*parts, strict=True)))
            return
        for name, reduction in self._reductions.items():
            setattr(self._metric, name, _merged([part[name] for part in parts], reduction))

    @property
    def _reductions(self) -> dict[str, Any]:
        # How states are put together is what `add_state` was told; there is no other way to ask for it.
        return self._metric._reductions

    @property
    def _mergeable(self) -> bool:
        """Correlations put states together by formulas that fail on those of one case each."""
        held = self._metric.metric_state
        return not any(reduction is None and isinstance(held[name], torch.Tensor) for name, reduction in self._reductions.items())

    def _named(self, result: Any, doubtful: bool) -> Iterator[tuple[str, float]]:
        """The numbers of a result by name; of doubtful ones, those that are 0 in place of something are NaN."""
        match result:
            case Mapping():
                yield from self._of_mapping(result)
            case tuple() | list():
                if any(each.numel() != 1 for each in result):
                    raise UsageError(f"{self._name} gives a curve and no figures")
                yield from ((f"{self._figure}-{place}", float(each)) for place, each in enumerate(result))
            case torch.Tensor() if result.numel() != 1:
                values = torch.where(result == 0, math.nan, result) if doubtful else result
                for place in np.ndindex(*result.shape):
                    yield f"{self._figure}-{'-'.join(map(str, place))}", float(values[place])
            case _:
                yield self._figure, math.nan if doubtful else float(result)

    def _of_mapping(self, result: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        classes = result["classes"].reshape(-1).tolist() if "classes" in result else None
        for key, held in result.items():
            if key == "classes":
                continue
            name = f"{self._label}-{key}" if self._label else key
            # The evaluation of COCO says -1 where nothing is defined.
            values = [math.nan if value == -1 else value for value in torch.as_tensor(held).double().reshape(-1).tolist()]
            if len(values) == 1:
                yield name.replace("_", "-"), values[0]
            else:
                places = classes if classes is not None and len(classes) == len(values) else range(len(values))
                yield from ((f"{name.replace('_', '-')}-{place}", value) for place, value in zip(places, values, strict=True))


def _merged(held: Sequence[Any], reduction: Any) -> Any:
    """One state of several cases: lists joined, tensors stacked and reduced, as torchmetrics does with those of several processes."""
    if isinstance(held[0], list):
        return [tensor for each in held for tensor in each]
    if len(held) == 1:
        return held[0]
    return reduction(torch.stack(list(held)))


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan


def _built(metric: str, options: Mapping[str, Any]) -> Metric:
    """An instance of a class of torchmetrics by name."""
    known = {domain: import_module(f"torchmetrics.{domain}") for domain in _DOMAINS}
    by_name = {name: getattr(module, name) for module in known.values() for name in module.__all__}
    dotted = {f"{domain}.{name}": by_name[name] for domain, module in known.items() for name in module.__all__}
    short = metric.rpartition(".")[2]
    if short in _DOWNLOADING:
        raise UsageError(f"{short} fetches a network's weights from the internet, which a metric may not do here")
    target = dotted.get(metric) or by_name.get(metric)
    if target is None:
        near = get_close_matches(short, by_name, 3, 0.5)
        raise UsageError(f"torchmetrics has no metric {metric!r}" + (f"; near: {', '.join(near)}" if near else ""))
    given = dict(options)
    if "input_format" in inspect.signature(target).parameters:
        given.setdefault("input_format", "index")
    if isinstance(given.get("data_range"), list):
        given["data_range"] = tuple(float(end) for end in given["data_range"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of memory, which many cases may take
            built: Metric = target(**given)
    except ModuleNotFoundError as error:
        raise EnvironmentFault(f"{short} needs a package that is not installed: {error}") from error
    except (TypeError, ValueError, RuntimeError) as error:
        if "install" in str(error):
            raise EnvironmentFault(f"{short}: {error}") from error
        raise UsageError(f"{short} cannot be built from the options {given}: {error}") from error
    return built
