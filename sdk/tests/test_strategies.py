"""Samples of every task as hypothesis draws them: each is a good sample, what agrees with it is a good answer, and files keep it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, find, given, settings
from hypothesis import strategies as st

from medai._engine.construct import construct
from medai._engine.models import build_task
from medai.errors import UsageError
from medai.tasks import Batch, Boxes, Image, Mask, Row, Sample
from medai_sdk.contract.trials.comparing import difference, leaves
from medai_sdk.strategies import predictions_of, samples_of
from medai_sdk.stub import INPUTS_OF, output

KINDS = [(task, kind, 2) for task, kinds in INPUTS_OF.items() for kind in kinds]
KINDS += [(task, "image", 3) for task, kinds in INPUTS_OF.items() if "image" in kinds and task != "detection"]
each_kind = pytest.mark.parametrize(("task", "kind", "dimensions"), KINDS)
few = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
TOLD = ("pixels", "labels", "boxes", "scores", "values", "probabilities", "pairs", "length", "index")


def apart(first: Any, second: Any) -> float:
    """How far two predictions differ in what a file keeps."""
    one, other = ([(place, leaf) for place, leaf in leaves(each) if place.startswith(TOLD)] for each in (first, second))
    assert one
    return difference(one, other)


@each_kind
@few
@given(data=st.data())
def test_samples_and_what_agrees_with_them_are_taken(task: str, kind: str, dimensions: int, data: st.DataObject) -> None:
    asked, sample = build_task(task), data.draw(samples_of(task, kind, dimensions=dimensions))
    asked.check(sample)
    asked.check(replace(sample, reference=None))
    (answer,) = asked.perfect([sample])
    asked.check_prediction(answer, sample)
    batch = Batch.of([sample])
    for each in asked.predictions(output(task, batch, classes=8), batch):
        asked.check_prediction(each, sample)


@each_kind
@few
@given(data=st.data())
def test_files_keep_what_agrees(task: str, kind: str, dimensions: int, data: st.DataObject) -> None:
    asked, sample = build_task(task), data.draw(samples_of(task, kind, dimensions=dimensions, classes=400))
    (answer,) = asked.perfect([sample])
    # No format that medai writes tells a volume of several channels and one plane from a plane.
    assume(task != "restoration" or dimensions < 3 or answer.pixels.shape[0] == 1 or answer.pixels.shape[1] > 1)
    with tempfile.TemporaryDirectory() as folder:
        loaded = asked.load(asked.save(answer, sample, Path(folder) / sample.case.id))
    assert apart(loaded, answer) < 1e-6
    asked.check_prediction(loaded, sample)


@each_kind
@few
@given(data=st.data())
def test_default_metrics_are_numbers(task: str, kind: str, dimensions: int, data: st.DataObject) -> None:
    asked = build_task(task)
    # Cases of one dataset have as many numbers each.
    classes = 1 if task == "regression" else 4
    samples = [data.draw(samples_of(task, kind, dimensions=dimensions, channels=(1,), classes=classes)) for _ in range(2)]
    for use in asked.metrics:
        metric: Any = construct(use.id, use.params, kind="metric")
        parts = [metric.case(answer, sample) for answer, sample in zip(asked.perfect(samples), samples, strict=True)]
        figures = metric.total(parts)
        assert figures and all(isinstance(value, float) for value in figures.values()), figures


@pytest.mark.parametrize("task", ["restoration", "segmentation", "regression", "base-pairing", "detection"])
@few
@given(data=st.data())
def test_wrong_answers_are_answers(task: str, data: st.DataObject) -> None:
    sample = data.draw(samples_of(task, INPUTS_OF[task][0]))
    build_task(task).check_prediction(data.draw(predictions_of(task, sample)), sample)


def test_odd_samples_are_found_and_failures_are_small() -> None:
    def found(strategy: st.SearchStrategy[Sample[Any, Any]], wanted: Any) -> Sample[Any, Any]:
        return find(strategy, wanted, settings=settings(max_examples=500, derandomize=True, database=None))

    def empty_mask(sample: Sample[Image, Mask]) -> bool:
        return sample.reference is not None and not bool(sample.reference.labels.any())

    def missing(sample: Sample[Row, Any]) -> bool:
        return bool(sample.inputs.values.isnan().any())

    def without_area(sample: Sample[Image, Boxes]) -> bool:
        boxes = torch.zeros(0, 4) if sample.reference is None else sample.reference.boxes
        return bool((boxes[:, 2:] == boxes[:, :2]).any())

    def large(sample: Sample[Image, Any]) -> bool:
        return min(sample.inputs.pixels.shape[-2:]) >= 5

    assert tuple(found(samples_of("segmentation"), empty_mask).inputs.pixels.shape) == (1, 1, 1)
    assert found(samples_of("classification", "row"), missing).inputs.values.numel() == 1
    assert len(found(samples_of("detection"), without_area).reference or ()) == 1
    assert tuple(found(samples_of("restoration"), large).inputs.pixels.shape) == (1, 5, 5)


def test_a_task_without_such_an_input_is_refused() -> None:
    with pytest.raises(UsageError, match="no samples of segmentation of row"):
        find(samples_of("segmentation", "row"), lambda sample: True)
