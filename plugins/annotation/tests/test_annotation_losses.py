"""The study's eight losses, against values computed by hand."""

from collections.abc import Mapping

import pytest
import torch

from medai import api

OUTPUT = torch.tensor([0.5, 0.2, 0.9, 0.0]).reshape(1, 1, 2, 2)
TARGET = torch.tensor([0.1, 0.2, 0.7, 1.0]).reshape(1, 1, 2, 2)
ABSOLUTE = (0.4 + 0.0 + 0.2 + 1.0) / 4
SQUARED = (0.16 + 0.0 + 0.04 + 1.0) / 4


def value(name: str, **parameters: float) -> float:
    found = api.build(f"annotation/{name}", **parameters)(OUTPUT, TARGET)
    return float(sum(found.values())) if isinstance(found, Mapping) else float(found)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("l1", ABSOLUTE),
        ("huber", SQUARED / 2),
        ("smooth-l1", SQUARED / 2),
        ("l2", SQUARED),
        ("l1-plus-l2", ABSOLUTE + SQUARED),
        ("huber-plus-l2", 1.5 * SQUARED),
        ("smooth-l1-plus-l2", 1.5 * SQUARED),
        ("all-loss-sum", ABSOLUTE + 2 * SQUARED),
    ],
)
def test_each_loss_is_what_its_name_says(name: str, wanted: float) -> None:
    assert value(name) == pytest.approx(wanted)


def test_huber_and_smooth_l1_part_where_their_parameters_are_not_one() -> None:
    # Of 0.4, 0, 0.2 and 1, the first and the last lie above 0.3.
    above, below = (0.4 - 0.15) + (1.0 - 0.15), 0.5 * 0.04
    assert value("huber", delta=0.3) == pytest.approx((0.3 * above + below) / 4)
    assert value("smooth-l1", beta=0.3) == pytest.approx((above + below / 0.3) / 4)
    assert value("huber-plus-l2", delta=0.3) == pytest.approx(value("huber", delta=0.3) + SQUARED)
    assert value("smooth-l1-plus-l2", beta=0.3) == pytest.approx(value("smooth-l1", beta=0.3) + SQUARED)
    together = value("l1") + value("huber", delta=0.3) + value("smooth-l1", beta=0.2) + value("l2")
    assert value("all-loss-sum", delta=0.3, beta=0.2) == pytest.approx(together)


def test_the_parts_of_a_sum_are_logged_by_name() -> None:
    found = api.build("annotation/all-loss-sum")(OUTPUT, TARGET)
    assert list(found) == ["MeanAbsoluteError", "Huber", "SmoothL1", "MeanSquaredError"]
    assert found["MeanAbsoluteError"] == pytest.approx(ABSOLUTE)


def test_an_annotation_in_less_than_half_of_the_references_is_no_part_of_l1s_optimum() -> None:
    # A pixel of 0.3 under an annotation of 1.0 in two references of five: their median is clean, their mean is not.
    references = torch.tensor([0.3, 1.0, 0.3, 0.3, 1.0]).reshape(5, 1, 1, 1)
    grid = torch.linspace(0, 1, 101)

    def best(name: str) -> float:
        loss = api.build(f"annotation/{name}")
        return float(grid[torch.stack([loss(level.expand_as(references), references) for level in grid]).argmin()])

    assert best("l1") == pytest.approx(0.3) and best("l2") == pytest.approx(0.58)
