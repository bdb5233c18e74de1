"""What a check tells of components that fail where their own recipes try them, and what it advises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai.errors import DataError
from medai_sdk.contract.check import Broken
from medai_sdk.contract.checks.dataset import _require_named

ONLY = ("--only", "component.can-be-tried", "--only", "model.every-parameter-learns")


@pytest.fixture
def told(checked: Callable[..., dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What came of models, by name and check."""
    outcomes = [each for each in checked("told", *ONLY)["outcomes"] if each["kind"] == "model"]
    return {f"{each['subject'].removeprefix('told/')} {each['check']}": each for each in outcomes}


def test_what_components_are_told(told: dict[str, dict[str, Any]]) -> None:
    refused = told["refuses-the-recipe component.can-be-tried"]
    assert refused["status"] == "failed"
    assert refused["reason"].endswith("and fails in recipe told/learn-refused: ValueError: too dark")
    assert "told/learn-refused" in refused["mend"]
    # The rest is looked at where it answers.
    assert told["refuses-the-recipe model.every-parameter-learns"]["status"] == "passed"

    everywhere = told["fails-everywhere component.can-be-tried"]["reason"]
    assert everywhere.startswith("it fails in every situation: in recipe told/learn-failing: ValueError: too dark; in stub data: ")
    assert everywhere.count("ValueError: not for") == 1
    assert "told/learn-failing" in told["fails-everywhere component.can-be-tried"]["mend"]

    # What its whole gives to it, nobody knows.
    assert told["part-of-another component.can-be-tried"]["status"] == "passed"

    step = told["breaks-in-its-step model.every-parameter-learns"]
    assert step["reason"] == "a training step fails: ValueError: class values must be smaller than 1"
    assert step["mend"].startswith("let a training step run on the data of ")


@pytest.mark.parametrize(("named", "mend"), [("whole.png", "name the file that is damaged"), (None, "give the path")])
def test_a_damaged_file_that_is_not_named(named: str | None, mend: str) -> None:
    with pytest.raises(Broken) as caught:
        _require_named(DataError("is damaged", named), Path("broken.png"), "broken.png")
    assert caught.value.mend.startswith(mend)
