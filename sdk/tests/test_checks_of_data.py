"""Each broken dataset, view and task of `plugins/broken-data` is caught, by the check that names its fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from medai_sdk.contract.check import all_checks

ONLY = ("--only", "dataset", "--only", "task")
# Together in one process, so that the plugin is checked once.
pytestmark = pytest.mark.xdist_group("data")

CAUGHT: dict[str, set[str]] = {
    "dataset folder-no-stub": {"can-be-opened"},
    "dataset folder-unseeded-stub": {"stub-is-repeatable"},
    "dataset folder-small-stub": {"stub-is-as-large-as-asked"},
    "dataset folder-takes-empty-folders": {"refuses-a-folder-without-data"},
    "dataset folder-crashes-on-damage": {"survives-a-damaged-file"},
    "dataset folder-takes-damage": {"survives-a-damaged-file"},
    "dataset folder-names-no-file": {"survives-a-damaged-file"},
    "dataset folder-hashed-ids": {"fingerprint-is-stable"},
    "dataset folder-ids-of-place": {"fingerprint-is-stable"},
    "dataset folder-paths-as-ids": {"ids-tell-no-path"},
    "dataset folder-reads-pixels": {"cases-read-no-pixels"},
    "dataset folder-raw-from-file": {"cases-read-no-pixels"},
    "dataset folder-raw-as-bytes": {"cases-read-no-pixels"},
    "dataset folder-raw-by-descriptor": {"cases-read-no-pixels"},
    "dataset folder-raw-as-text": {"cases-read-no-pixels"},
    # In another process the order is another one too.
    "dataset folder-shuffled": {"cases-stay-the-same", "fingerprint-is-stable"},
    "dataset folder-doubled-ids": {"ids-are-unique"},
    "dataset folder-no-groups": {"groups-are-set"},
    "dataset folder-one-group": {"groups-are-set"},
    "dataset folder-group-in-two-parts": {"split-keeps-groups"},
    "dataset folder-whole-in-two-groups": {"groups-are-set"},
    "dataset folder-whole-in-two-parts": {"groups-are-set", "split-keeps-groups"},
    "dataset folder-by-folder": {"reads-unlabelled-files"},
    "dataset folder-first-for-all": {"reads-the-case-asked-for"},
    "dataset folder-caches-beside": {"fingerprint-is-stable"},
    "dataset header-shows-patients": {"names-no-patient"},
    "dataset drawn-other-case": {"reads-the-case-asked-for"},
    "dataset drawn-wide-image": {"samples-keep-the-task"},
    "dataset drawn-background-label": {"samples-keep-the-task"},
    "dataset drawn-no-unit": {"images-have-a-unit"},
    "dataset drawn-scale-of-bytes": {"images-have-a-unit"},
    "dataset drawn-wrong-spacing": {"place-fits-the-image"},
    "dataset drawn-unseeded": {"reads-the-same-by-the-same-rng"},
    "dataset drawn-own-generator": {"reads-in-any-order"},
    "dataset drawn-global-chance": {"heeds-no-global-chance"},
    "dataset drawn-seeds-all": {"leaves-global-chance-alone"},
    "dataset drawn-holds-a-lambda": {"can-be-sent-to-a-process"},
    "dataset drawn-dies-elsewhere": {"can-be-sent-to-a-process"},
    "dataset drawn-ends-elsewhere": {"can-be-sent-to-a-process"},
    "dataset drawn-heeds-workers": {"can-be-sent-to-a-process"},
    "dataset drawn-odd-facts": {"facts-are-plain"},
    "dataset drawn-no-unlabelled": {"reads-unlabelled-files"},
    "dataset of-bad-samples": {"samples-keep-the-task"},
    "dataset bad-data": {"samples-keep-the-task"},
    "dataset unread-data": {"can-be-opened"},
    "dataset view-in-place": {"view-changes-nothing-in-place"},
    "dataset view-loses-groups": {"view-keeps-groups"},
    "dataset view-loses-facts": {"view-hands-on-what-is-known"},
    "dataset view-hides-faults": {"view-hands-on-faults"},
    "dataset view-loses-affine": {"view-keeps-the-place"},
    "dataset view-affine-not-flipped": {"view-moves-the-place"},
    "dataset view-reference-not-flipped": {"view-moves-the-answer"},
    "dataset view-blocks-not-moved": {"view-moves-the-place"},
    "dataset view-cannot-count": {"can-be-opened"},
    "dataset view-reads-ahead": {"cases-read-no-pixels"},
    "dataset view-takes-rows": {"can-be-opened"},
    "task needs-a-parameter": {"can-be-built"},
    "task texts-as-types": {"declares-its-types"},
    "task no-such-metric": {"metrics-exist"},
    "task no-samples": {"has-samples"},
    # Unlabelled files are samples without a reference too.
    "task refuses-good": {"takes-good-samples", "opens-files"},
    "task takes-any-sample": {"refuses-spoilt-samples"},
    "task does-not-stack": {"stacks-its-samples"},
    "task reference-needed": {"takes-perfect-predictions"},
    "task takes-any-prediction": {"refuses-spoilt-predictions"},
    "task loses-a-case": {"answers-by-a-module"},
    "task exports-others": {"exports-what-it-answers"},
    "task saves-the-class": {"saves-and-loads"},
    "task crashes-on-damage": {"refuses-damaged-files"},
    "task draws-nothing": {"draws-a-picture"},
    "task opens-labelled": {"opens-files"},
}
ADVISED = {
    "dataset folder-takes-strays": {"passes-over-stray-files"},
    "dataset folder-ids-of-names": {"ids-tell-folders-apart"},
}


def _of(outcomes: Iterable[dict[str, Any]], level: str) -> dict[str, set[str]]:
    """What failed, by kind and name, without the plugin's name and the kind before the check's."""
    found: dict[str, set[str]] = {}
    for each in outcomes:
        if each["status"] == "failed" and each["level"] == level:
            subject = f"{each['kind']} {each['subject'].partition('/')[2]}"
            found.setdefault(subject, set()).add(each["check"].partition(".")[2])
    return found


@pytest.fixture(scope="module")
def outcomes(checked: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    # What is checked of every component is tried elsewhere: hardly any of these has a docstring.
    return [each for each in checked("broken-data", *ONLY)["outcomes"] if not each["check"].startswith("component.")]


def test_each_fault_is_caught_by_its_name_and_nothing_else_is(outcomes: list[dict[str, Any]]) -> None:
    assert _of(outcomes, "must") == CAUGHT


def test_advice_is_told_and_breaks_nothing(outcomes: list[dict[str, Any]]) -> None:
    assert _of(outcomes, "advice") == ADVISED


def test_every_check_of_data_and_tasks_can_fail(outcomes: list[dict[str, Any]]) -> None:
    declared = {each.name for each in all_checks() if each.kind in ("dataset", "task")}
    assert declared == {each["check"] for each in outcomes if each["status"] == "failed"}


def test_sound_ones_pass_and_much_of_them_is_tried(outcomes: list[dict[str, Any]]) -> None:
    tried: dict[str, int] = {}
    sound = {
        f"broken-data/{name}"
        for name in (
            "folder-sound",
            "folder-raw",
            "folder-halves",
            "folder-nested",
            "folder-by-path",
            "drawn-sound",
            "view-darker",
            "view-of-a-run",
            "view-blocks",
            "sound",
        )
    }
    for each in outcomes:
        if each["subject"] in sound:
            assert each["status"] != "failed", each
            tried[each["subject"]] = tried.get(each["subject"], 0) + (each["status"] == "passed")
    assert tried.keys() == sound
    assert min(tried.values()) >= 12, tried


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("dataset broken-data/folder-crashes-on-damage", "with scan00.png cut short: OSError"),
        ("dataset broken-data/folder-reads-pixels", "pixels decoded 16 times, by Pillow, medai.io"),
        ("dataset broken-data/folder-raw-from-file", "8 files were read to their end, such as scan00.raw"),
        ("dataset broken-data/folder-whole-in-two-parts", "with its defaults: the whole 'p-"),
        ("dataset broken-data/folder-ids-of-names", "8 ids stand for two cases"),
        ("dataset broken-data/folder-by-folder", "the folders of P00/visit0 and P01/visit0 have 16 cases, and unlabelled tells 8 apart"),
        ("dataset broken-data/folder-first-for-all", "8 cases were read, and the input of each is the same"),
        ("dataset broken-data/folder-caches-beside", "scan00.npy is written in the folder of the data"),
        ("dataset broken-data/view-loses-affine", "affine is lost"),
        ("dataset broken-data/view-cannot-count", "IndexError: list index out of range, in read (views.py, line "),
        ("dataset broken-data/drawn-holds-a-lambda", "it cannot be sent to a process: "),
        ("dataset broken-data/drawn-dies-elsewhere", "in a process of its own: BrokenProcessPool: "),
        ("dataset broken-data/drawn-ends-elsewhere", "in a process of its own: SystemExit: 3"),
        ("dataset broken-data/drawn-heeds-workers", "in a loader process [0].inputs.pixels differs"),
        ("dataset broken-data/drawn-own-generator", "inputs.pixels of case c"),
    ],
)
def test_what_was_seen_is_told(outcomes: list[dict[str, Any]], subject: str, words: str) -> None:
    reasons = [each["reason"] for each in outcomes if each["status"] == "failed" and f"{each['kind']} {each['subject']}" == subject]
    assert any(words in reason for reason in reasons), reasons
    assert all(each["mend"] for each in outcomes if each["status"] == "failed" and f"{each['kind']} {each['subject']}" == subject)


def test_a_spot_that_is_never_whole_shows_nothing(outcomes: list[dict[str, Any]]) -> None:
    names = ("dataset.view-moves-the-place", "dataset.view-moves-the-answer")
    found = {
        each["check"]: each["reason"]
        for each in outcomes
        if each["subject"] == "broken-data/view-blocks-of-a-few" and each["status"] == "not applicable" and each["check"] in names
    }
    assert set(found) == set(names)
    assert all(reason.startswith("the spot was never inside what it gives, in ") for reason in found.values())
    moved = {
        each["check"]
        for each in outcomes
        if each["subject"] == "broken-data/view-blocks" and each["status"] == "passed" and each["check"] in names
    }
    assert moved == set(names)


def test_the_spec_is_to_name_what_a_view_takes_only_where_it_does_not(outcomes: list[dict[str, Any]]) -> None:
    mends = {each["subject"]: each["mend"] for each in outcomes if each["check"] == "dataset.can-be-opened"}
    assert mends["broken-data/view-takes-rows"] == "name in its spec the task and the inputs that it takes"
    assert "spec" not in mends["broken-data/view-cannot-count"]


@pytest.mark.parametrize(("task", "dataset"), [("of-bad-data", "bad-data"), ("of-unread-data", "unread-data")])
def test_data_that_cannot_be_read_are_the_fault_of_their_dataset_and_not_of_the_task(
    task: str, dataset: str, outcomes: list[dict[str, Any]]
) -> None:
    found = {each["check"]: each for each in outcomes if each["kind"] == "task" and each["subject"] == f"broken-data/{task}"}
    assert found["task.has-samples"]["status"] == "not applicable"
    assert found["task.has-samples"]["reason"] == f"its data could not be read: see dataset broken-data/{dataset}"
    assert {each["status"] for each in found.values()} == {"passed", "not applicable"}


def test_bad_samples_are_the_fault_of_their_dataset_and_not_of_the_model(checked: Callable[..., dict[str, Any]]) -> None:
    wanted = ("broken-data/net-of-bad-samples", "broken-data/learn-bad-samples")
    outcomes = checked("broken-data", *(word for name in wanted for word in ("--only", name)))["outcomes"]
    of_model = {each["check"]: each for each in outcomes if each["kind"] == "model"}
    assert not [each for each in of_model.values() if each["status"] == "failed" and each["level"] == "must"]
    told = "its data could not be read: see dataset broken-data/of-bad-samples, in recipe broken-data/learn-bad-samples"
    assert {each["reason"] for name, each in of_model.items() if name.startswith("model.")} == {told}
    assert of_model["component.can-be-tried"]["reason"] == told
    assert "recipe.runs-on-stub-data" in {each["check"] for each in outcomes if each["kind"] == "recipe" and each["status"] == "failed"}
