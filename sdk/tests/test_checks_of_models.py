"""Each check of a model and of a loss finds the fault that it is there for, and no other check does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PLUGIN = "broken-models"
ONLY = ("--only", "component.can-be-tried", "--only", "model", "--only", "loss")

FOUND = {
    "model wrong-shape": {"model.answers-each-case"},
    "model double-precision": {"model.answers-each-case"},
    "model another-unit": {"model.answers-each-case"},
    "model one-for-all": {"model.answers-each-case"},
    "model wrong-order": {"model.keeps-order"},
    "model batch-statistics": {"model.judges-each-case-alone"},
    "model remembers": {"model.forgets-earlier-calls"},
    "model noisy": {"model.answers-alike"},
    "model in-place": {"model.leaves-its-inputs-alone"},
    "model seeds-globally": {"model.leaves-random-generators-alone"},
    "model even-sizes": {"model.takes-other-sizes"},
    "model normalised": {"model.answers-in-physical-units"},
    "model detached": {"model.every-parameter-learns"},
    "model unused-parameter": {"model.every-parameter-learns"},
    "model zeroed-head": {"model.every-parameter-learns"},
    # Where nothing has a gradient, nothing falls.
    "model constant": {"model.every-parameter-learns", "model.loss-falls"},
    "model endless-gradient": {"model.finite-gradients"},
    "model unseeded-weights": {"model.same-seed-same-weights"},
    "model unseeded-training": {"model.same-seed-same-training"},
    "model forgets-its-step": {"model.learning-goes-on"},
    "model counts-in-secret": {"model.learning-goes-on"},
    "model silent": {"model.learns-by-steps"},
    "model backwards": {"model.learns-by-steps"},
    "model pickled": {"model.state-can-be-kept"},
    "model pickled-text": {"model.state-can-be-kept"},
    "model unsaved-weights": {"model.save-and-load"},
    "model plain-tensor": {"model.moves-to-a-device"},
    "model unregistered-layer": {"model.moves-to-a-device"},
    "model tensor-of-the-file": {"model.moves-to-a-device"},
    "model tensor-of-the-class": {"model.moves-to-a-device"},
    "model tensors-in-a-tuple": {"model.moves-to-a-device"},
    "model numpy-of-the-answer": {"model.moves-to-a-device"},
    "model made-on-the-cpu": {"model.moves-to-a-device"},
    # Noise of each pixel is another in a batch of another size.
    "model dropout-in-masks": {"model.answers-alike", "model.judges-each-case-alone"},
    "model noise-in-masks": {"model.answers-alike", "model.judges-each-case-alone"},
    "model batch-mean-in-masks": {"model.judges-each-case-alone"},
    "model masks-the-other-way-round": {"model.keeps-order"},
    "model remembers-in-masks": {"model.forgets-earlier-calls"},
    "model first-process-alone": {"model.works-in-a-new-process"},
    "loss each-pixel": {"loss.gives-scalars"},
    "loss cut-off": {"loss.reaches-the-output"},
    "loss part-cut-off": {"loss.reaches-the-output"},
    "loss ignores-its-target": {"loss.heeds-its-target"},
    "loss constant": {"loss.heeds-its-target", "loss.reaches-the-output"},
    "loss flat": {"loss.reaches-the-output"},
    "loss changes-target": {"loss.leaves-its-arguments-alone"},
    "loss unseeded": {"loss.repeats-itself"},
    "loss running": {"loss.forgets-earlier-calls"},
    "loss upside-down": {"loss.prefers-what-is-right"},
    "loss root": {"loss.is-finite-at-its-best"},
    # What the engine does not freeze, it does not move either.
    "loss learns-itself": {"loss.teaches-nothing-of-its-own", "loss.moves-to-a-device"},
    "loss plain-weight": {"loss.moves-to-a-device"},
    "loss weight-of-the-class": {"loss.moves-to-a-device"},
    "loss numpy-of-the-target": {"loss.moves-to-a-device"},
}
SOUND = (
    *("model sound", "loss squared", "model starts-at-zero", "loss within-a-margin"),
    *("model in-hounsfield", "model of-volumes", "model of-colours"),
)
"""What the others are made of, and what looks like a fault and is none."""
ODD = ("model asleep", "model nothing-to-learn", "model sound-mask", "model warms-up")
"""Sound too, though not all can be seen of them."""


# Together in one process, so that the plugin is checked once.
pytestmark = pytest.mark.xdist_group("models")


@pytest.mark.parametrize("subject", FOUND)
def test_a_fault_is_found_by_its_check(failures: Callable[..., dict[str, set[str]]], subject: str) -> None:
    kind, name = subject.split()
    assert failures(PLUGIN, *ONLY)[f"{kind} {PLUGIN}/{name}"] == FOUND[subject]


@pytest.mark.parametrize("subject", SOUND)
def test_what_is_sound_passes(checked: Callable[..., dict[str, Any]], subject: str) -> None:
    kind, name = subject.split()
    of_it = [each for each in checked(PLUGIN, *ONLY)["outcomes"] if (each["kind"], each["subject"]) == (kind, f"{PLUGIN}/{name}")]
    outcomes = [each for each in of_it if each["check"].startswith((f"{kind}.", "component.can-be-tried"))]
    assert {each["status"] for each in outcomes} <= {"passed", "not applicable"}
    # What another kind of model alone can break.
    assert {each["check"] for each in outcomes if each["status"] == "not applicable"} <= {
        "model.learns-by-steps",
        "loss.teaches-nothing-of-its-own",
    }


@pytest.mark.parametrize("subject", ODD)
def test_what_is_odd_and_sound_is_not_refused(failures: Callable[..., dict[str, set[str]]], subject: str) -> None:
    kind, name = subject.split()
    assert failures(PLUGIN, *ONLY)[f"{kind} {PLUGIN}/{name}"] == set()


def test_every_check_can_fail(checked: Callable[..., dict[str, Any]]) -> None:
    known = {each["check"] for each in checked(PLUGIN, *ONLY)["outcomes"] if each["check"].startswith(("model.", "loss."))}
    assert known == set().union(*FOUND.values())


def test_every_fault_of_the_plugin_is_listed(failures: Callable[..., dict[str, set[str]]]) -> None:
    listed = {f"{kind} {PLUGIN}/{name}" for kind, name in map(str.split, [*FOUND, *SOUND, *ODD])}
    assert {subject for subject in failures(PLUGIN, *ONLY) if not subject.startswith("plugin")} == listed


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("model unused-parameter", "second_head.weight, second_head.bias"),
        ("model zeroed-head", "the gradient is 0 of second_head.weight, second_head.bias"),
        ("model another-unit", "a prediction is in 'HU', not in '0..1'"),
        ("model even-sizes", "at 69 x 77 it fails with RuntimeError"),
        ("model plain-tensor", "conv2d is given kernel"),
        ("model tensor-of-the-file", "add is given medai_broken_models.states.RAMP, which is on the CPU"),
        ("model numpy-of-the-answer", "on a GPU it would fail: numpy() is asked of a tensor that is on the GPU"),
        ("model made-on-the-cpu", "what linspace makes without a device"),
        ("loss part-cut-off", "no gradient of range reaches the output"),
        ("model remembers-in-masks", "in its raw output, by "),
        ("model batch-mean-in-masks", "the raw output of case 1 of a batch is not its raw output alone"),
        ("model wrong-order", "prediction 1 of a batch is that of case 3"),
    ],
)
def test_the_reason_names_what_is_at_fault(checked: Callable[..., dict[str, Any]], subject: str, told: str) -> None:
    kind, name = subject.split()
    of_it = [each for each in checked(PLUGIN, *ONLY)["outcomes"] if each["subject"] == f"{PLUGIN}/{name}"]
    failed = [each for each in of_it if each["status"] == "failed" and each["level"] == "must"]
    assert [told in each["reason"] for each in failed if each["kind"] == kind] == [True]
    assert all(each["mend"] for each in failed)
