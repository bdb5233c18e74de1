"""A function that is named as the target of a loss or a metric: it has to return one, and where it is one itself, that is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ONLY = ("--only", "component.can-be-tried")
# Together in one process, so that the plugin is checked once.
pytestmark = pytest.mark.xdist_group("functions")


@pytest.fixture(scope="module")
def tried(checked: Callable[..., dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{each['kind']} {each['subject']}": each for each in checked("functions", *ONLY)["outcomes"]}


@pytest.mark.parametrize("kind", ["loss", "metric"])
def test_a_function_that_is_the_component_itself_is_told_what_a_target_is(kind: str, tried: dict[str, dict[str, Any]]) -> None:
    told = f"its target is a function, which is called with the parameters and must return the {kind}"
    assert tried[f"{kind} functions/itself"]["status"] == "failed"
    assert tried[f"{kind} functions/itself"]["mend"].startswith(told)
    assert tried[f"{kind} functions/lax"]["status"] == "failed"
    assert f"{kind} functions/lax is a float: {told}" in tried[f"{kind} functions/lax"]["reason"]


def test_a_function_that_returns_a_loss_is_a_sound_target(tried: dict[str, dict[str, Any]]) -> None:
    assert tried["loss functions/maker"]["status"] == "passed"
