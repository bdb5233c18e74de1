"""That nobody could look at what an exporter writes is said, as advice: it breaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PLUGIN = "broken-outputs"
# As in test_checks_of_outputs, so that the plugin is checked once for both.
ONLY = tuple(word for kind in ("component", "metric", "exporter", "recipe", "table") for word in ("--only", kind))
ADVICE = "exporter.can-be-read-back"

pytestmark = pytest.mark.xdist_group("outputs")


def test_a_format_that_medai_cannot_read_is_told(checked: Callable[..., dict[str, Any]]) -> None:
    found = {each["check"]: each for each in checked(PLUGIN, *ONLY)["outcomes"] if each["subject"] == f"{PLUGIN}/own-format"}
    assert (found[ADVICE]["status"], found[ADVICE]["level"]) == ("failed", "advice")
    assert f"the place of what {PLUGIN}/own-format writes" in found[ADVICE]["reason"] and "your own tests" in found[ADVICE]["mend"]
    assert found["exporter.keeps-values-and-place"]["status"] == "not applicable"
    assert not [each for each in found.values() if each["status"] == "failed" and each["level"] == "must"]


def test_of_what_medai_reads_nothing_is_told(checked: Callable[..., dict[str, Any]]) -> None:
    found = {each["subject"]: each["status"] for each in checked(PLUGIN, *ONLY)["outcomes"] if each["check"] == ADVICE}
    # A pickle is not read either.
    assert {subject for subject, status in found.items() if status == "failed"} == {f"{PLUGIN}/own-format", f"{PLUGIN}/pickles"}
    assert found[f"{PLUGIN}/files"] == "passed" and found[f"{PLUGIN}/model"] == "not applicable"
