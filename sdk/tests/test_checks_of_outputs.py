"""Each check of a metric, an exporter, a recipe, a table, and of what a component declares, finds the fault that it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PLUGIN = "broken-outputs"
ONLY = tuple(word for kind in ("component", "metric", "exporter", "recipe", "table") for word in ("--only", kind))

FOUND = {
    "metric averages-by-batch": {"metric.order-does-not-matter"},
    "metric remembers": {"metric.cases-are-independent"},
    "metric upside-down": {"metric.perfect-is-best"},
    "metric no-way": {"metric.better-is-declared"},
    "metric blind-to-the-reference": {"metric.perfect-is-best"},
    "metric crashes-on-empty": {"metric.empty-cases-are-defined"},
    "metric loses-all-to-one-empty": {"metric.empty-cases-are-defined"},
    "metric second-is-constant": {"metric.perfect-is-best"},
    "metric second-favours-the-wrong": {"metric.perfect-is-best"},
    "metric second-loses-all-to-one-empty": {"metric.empty-cases-are-defined"},
    "metric sums-up": {"metric.cases-can-be-drawn-again"},
    "metric root-of-a-sum": {"metric.cases-can-be-drawn-again"},
    "metric endless-on-empty": {"metric.empty-cases-are-defined"},
    "metric gives-tensors": {"metric.figures-are-floats"},
    "metric changes-what-it-gets": {"metric.leaves-its-input"},
    "metric hands-out-its-state": {"metric.parts-stay-as-they-are"},
    "metric names-by-number": {"metric.cases-can-be-drawn-again"},
    "metric leaves-it-training": {"metric.leaves-the-model"},
    "metric counts-in-wholes": {"metric.measures-a-model"},
    "metric fails-on-an-empty-journal": {"metric.measures-a-training"},
    "metric chooses-anothers-parameter": {"metric.settles-on-its-own-parameters"},
    "metric names-what-it-chose": {"metric.settles-on-its-own-parameters"},
    "metric chooses-by-chance": {"metric.settles-on-its-own-parameters"},
    "metric untyped": {"component.parameters-typed"},
    "metric undocumented": {"component.parameters-documented"},
    # Of no task, there is nothing to try it on.
    "metric of-no-task": {"component.task-and-inputs-known", "component.can-be-tried"},
    "metric of-no-input": {"component.task-and-inputs-known"},
    "metric oddly-licensed": {"component.license-wellformed"},
    "metric claims-oddly": {"component.implements-runs"},
    "metric claims-twice": {"component.implements-runs"},
    "metric claims-first": {"component.implements-runs", "component.declares-real-checks"},
    "exporter loses-affine": {"exporter.keeps-values-and-place"},
    "exporter scales-values": {"exporter.keeps-values-and-place"},
    "exporter transposes-volumes": {"exporter.keeps-values-and-place"},
    "exporter merges-classes": {"exporter.keeps-values-and-place"},
    "exporter swaps-axes": {"exporter.keeps-values-and-place"},
    "exporter flips-rows": {"exporter.keeps-values-and-place"},
    "exporter shifts-columns": {"exporter.keeps-values-and-place"},
    "exporter shrinks": {"exporter.keeps-values-and-place"},
    "exporter overwrites": {"exporter.tells-cases-apart"},
    "exporter pickles": {"exporter.no-pickle"},
    "exporter writes-outside": {"exporter.writes-what-it-names"},
    "exporter leaves-half": {"exporter.writes-what-it-names"},
    # What is not written does not come back either.
    "exporter skips-the-last": {"exporter.every-prediction-counts", "exporter.keeps-values-and-place"},
    "exporter adds-chance": {"exporter.same-input-same-content"},
    "exporter in-place": {"exporter.leaves-its-input"},
    "exporter refuses-in-its-own-words": {"exporter.refuses-with-data-error"},
    "exporter needs-in-secret": {"component.can-be-tried"},
    "exporter forgets-weights": {"exporter.opened-model-agrees"},
    "exporter halves-weights": {"exporter.leaves-the-model"},
    "exporter pickles-models": {"exporter.no-pickle"},
    "exporter chokes-on-some": {"exporter.refuses-models-in-words"},
    "exporter model-beside": {"exporter.model-in-a-folder-of-its-own"},
    # What names nothing or takes no such parameter does not run either.
    "recipe unknown-id": {"recipe.names-resolve", "recipe.runs-on-stub-data"},
    "recipe unknown-upstream": {"recipe.names-resolve", "recipe.runs-on-stub-data"},
    "recipe wrong-parameter": {"recipe.parameters-fit", "recipe.runs-on-stub-data"},
    "recipe unknown-optimizer": {"recipe.trains-by-known-means", "recipe.runs-on-stub-data"},
    "recipe metric-of-another-task": {"recipe.parts-serve-its-task", "recipe.runs-on-stub-data"},
    "recipe scale-does-not-apply": {"recipe.scales-apply"},
    "recipe fails-on-stub-data": {"recipe.runs-on-stub-data", "component.implements-runs"},
    "recipe stub-fails": {"recipe.runs-on-stub-data"},
    "recipe other-figures-each-time": {"recipe.same-seed-same-figures"},
    "recipe forgets-on-saving": {"recipe.evaluates-from-its-run"},
    "recipe refuses-to-predict": {"recipe.predicts-from-its-run"},
    "table names-no-recipe": {"table.cells-name-recipes"},
    "table overrides-nothing": {"table.cells-name-recipes"},
    "table names-no-figure": {"table.cells-name-figures"},
    "table tests-on-nothing": {"table.cells-name-recipes"},
    "table has-no-such-protocol": {"table.cells-name-recipes"},
    "table draws-no-column": {"table.charts-name-columns"},
    "table one-place-twice": {"table.places-are-taken-once"},
    "table reports-from-nowhere": {"table.reported-have-a-source"},
}
SOUND = (
    "metric share",
    "metric deviation",
    "metric weights",
    "metric steps",
    "metric chooses",
    "exporter files",
    "exporter with-pictures",
    "exporter masks",
    "exporter shades",
    "exporter of-images-alone",
    "exporter model",
    "recipe sound",
    "table sound",
)

pytestmark = pytest.mark.xdist_group("outputs")


@pytest.mark.parametrize("subject", FOUND)
def test_the_fault_is_found_by_its_check(subject: str, failures: Callable[..., dict[str, set[str]]]) -> None:
    kind, _, name = subject.partition(" ")
    assert failures(PLUGIN, *ONLY)[f"{kind} {PLUGIN}/{name}"] == FOUND[subject]


@pytest.mark.parametrize("subject", SOUND)
def test_what_is_sound_passes_every_check(subject: str, checked: Callable[..., dict[str, Any]]) -> None:
    kind, _, name = subject.partition(" ")
    outcomes = [each for each in checked(PLUGIN, *ONLY)["outcomes"] if (each["kind"], each["subject"]) == (kind, f"{PLUGIN}/{name}")]
    assert [each["check"] for each in outcomes if each["status"] == "failed" and each["level"] == "must"] == []
    own = [each for each in outcomes if each["check"].startswith(f"{kind}.") and each["level"] == "must"]
    of_models = name in ("weights", "steps", "model")
    idle = {each["check"] for each in own if each["status"] == "not applicable"}
    assert len(own) - len(idle) >= (2 if of_models else 4), idle


def test_every_check_finds_something(checked: Callable[..., dict[str, Any]]) -> None:
    kinds = ("metric", "exporter", "recipe", "table")
    ran = {each["check"] for each in checked(PLUGIN, *ONLY)["outcomes"] if each["level"] == "must" and each["check"].startswith(kinds)}
    assert ran == {name for names in FOUND.values() for name in names if name.startswith(kinds)}


@pytest.mark.parametrize("kind", ["metric", "exporter"])
def test_a_missing_extra_is_no_fault_where_the_spec_says_what_is_needed(kind: str, checked: Callable[..., dict[str, Any]]) -> None:
    wanted = (kind, f"{PLUGIN}/needs-an-extra", "component.can-be-tried")
    (outcome,) = (each for each in checked(PLUGIN, *ONLY)["outcomes"] if (each["kind"], each["subject"], each["check"]) == wanted)
    assert outcome["status"] == "not applicable"
    assert "pip install 'medai-broken-outputs[extra]'" in outcome["reason"]


def test_advice_breaks_nothing(checked: Callable[..., dict[str, Any]]) -> None:
    found = {each["check"]: each for each in checked(PLUGIN, *ONLY)["outcomes"] if each["subject"] == f"{PLUGIN}/share"}
    advice = found["component.states-its-license"]
    assert (advice["status"], advice["level"]) == ("failed", "advice")
    assert "Apache-2.0" in advice["mend"]


@pytest.mark.parametrize(
    ("exporter", "words", "mend"),
    [
        ("merges-classes", "with the values 0, 1 in place of 0, 1, 2", "write the number of each pixel's class as it is"),
        ("swaps-axes", "case case-001 comes back from 0000.nii.gz moved: its axes are in the order columns, rows", "no transpose"),
        ("flips-rows", "case case-001 comes back from 0000.nii.gz moved: its rows are in reverse order", "no flip"),
        ("shifts-columns", "case case-001 comes back from 0000.nii.gz moved: it is shifted by 1 along its columns", "no shift"),
        ("transposes-volumes", "comes back from 0000.nii.gz moved: its axes are in the order columns, rows, planes", "no transpose"),
    ],
)
def test_what_became_of_pixels_is_told(exporter: str, words: str, mend: str, checked: Callable[..., dict[str, Any]]) -> None:
    wanted = (f"{PLUGIN}/{exporter}", "exporter.keeps-values-and-place")
    (outcome,) = (each for each in checked(PLUGIN, *ONLY)["outcomes"] if (each["subject"], each["check"]) == wanted)
    assert words in outcome["reason"] and mend in outcome["mend"]
