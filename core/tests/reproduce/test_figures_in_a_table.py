"""How a rebuilt table writes its figures."""

from __future__ import annotations

import pytest

from medai._reproduce.reproduce import figure_or_why
from medai._reproduce.write import number


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "-"),
        (31.69, "31.6900"),
        (0.8841, "0.8841"),
        (1848865, "1,848,865"),
        (999.5, "999.5000"),
        (39484.4643, "39,484.5"),
        (3182.1, "3,182.1"),
    ],
)
def test_digits_by_size(value: float | None, written: str) -> None:
    assert number(value) == written


def test_a_figure_of_a_model_that_is_none_is_said_to_be_of_model_or_machine() -> None:
    assert figure_or_why({"gpu-ms": 2.5, "gpu-ms-low": float("nan")}) == 2.5
    assert figure_or_why({"gpu-ms": float("nan")}) == "gpu-ms cannot be measured of this model, or not on this machine"
