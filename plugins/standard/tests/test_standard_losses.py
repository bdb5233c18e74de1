"""Losses."""

import pytest
import torch
from torch.nn import functional as F

from medai import api
from medai.errors import UsageError
from medai_standard.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SmoothL1,
    Sum,
)
from medai_standard.losses_overlap import Dice, OverlapLoss

CLASSES = [
    CrossEntropy(),
    Focal(),
    Dice(),
    *(OverlapLoss(name) for name in ("dice", "jaccard", "tversky", "lovasz", "focal", "mcc", "soft-cross-entropy")),
]


def test_figures() -> None:
    output, target = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 5.0]])
    assert float(MeanSquaredError()(output, target)) == 4.5
    assert float(MeanAbsoluteError()(output, target)) == 1.5
    assert float(SmoothL1(2.0)(output, target)) == pytest.approx((3 - 1) / 2)
    assert float(Huber(2.0)(output, target)) == pytest.approx(2 * (3 - 1) / 2)


def test_squares_of_hu_do_not_overflow_in_half_precision() -> None:
    output, target = torch.full((4,), 1000.0, dtype=torch.float16), torch.full((4,), -1000.0, dtype=torch.float16)
    assert float(MeanSquaredError()(output, target)) == 4e6


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError(), SmoothL1(), Huber(), BinaryCrossEntropy()])
def test_shapes_that_would_broadcast_are_refused(loss: torch.nn.Module) -> None:
    with pytest.raises(ValueError, match=r"\(4, 1\).*\(4,\)|\(4, 2\).*\(4, 1\)"):
        loss(*((torch.zeros(4, 2), torch.zeros(4, 1)) if isinstance(loss, BinaryCrossEntropy) else (torch.zeros(4, 1), torch.zeros(4))))


def test_cross_entropy_of_one_logit_is_that_of_its_sigmoid() -> None:
    logits, classes = torch.randn(3, 1, 5, 4), torch.randint(0, 2, (3, 5, 4))
    wanted = F.binary_cross_entropy_with_logits(logits[:, 0], classes.float())
    assert torch.allclose(CrossEntropy()(logits, classes), wanted, atol=1e-6)
    assert torch.allclose(BinaryCrossEntropy()(logits, classes), wanted, atol=1e-6)
    assert torch.allclose(Focal(gamma=0.0)(logits, classes), wanted, atol=1e-6)


def test_what_is_ignored_counts_for_nothing() -> None:
    logits, classes = torch.randn(2, 3, 6, 4), torch.randint(0, 3, (2, 6, 4))
    marked = classes.clone()
    marked[:, 3:] = 255
    for loss in (CrossEntropy(ignore=255), Focal(ignore=255)):
        assert torch.allclose(loss(logits, marked), loss(logits[:, :, :3], classes[:, :3]), atol=1e-6)
        assert float(loss(logits, torch.full_like(classes, 255))) == 0.0
    assert torch.allclose(Dice(ignore=255)(logits, marked), Dice()(logits[:, :, :3], classes[:, :3]), atol=1e-5)


def test_weights_and_smoothing_are_those_of_torch() -> None:
    logits, classes = torch.randn(4, 3, 2, 2, 2), torch.randint(0, 3, (4, 2, 2, 2))
    wanted = F.cross_entropy(logits, classes, torch.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1)
    assert torch.allclose(CrossEntropy((1.0, 2.0, 3.0), 0.1)(logits, classes), wanted)
    with pytest.raises(ValueError, match="2 weights for 3"):
        CrossEntropy((1.0, 2.0))(logits, classes)


def test_focal_counts_less_what_is_sure() -> None:
    logits, classes = torch.tensor([[0.0, 2.0], [0.0, -1.0]]), torch.tensor([1, 1])
    probability = logits.softmax(1)[:, 1]
    wanted = (-((1 - probability) ** 2) * probability.log()).mean()
    assert torch.allclose(Focal()(logits, classes), wanted, atol=1e-6)
    assert torch.allclose(Focal(weights=(1.0, 0.5))(logits, classes), wanted / 2, atol=1e-6)


@pytest.mark.parametrize("loss", CLASSES, ids=lambda loss: getattr(loss, "loss", type(loss).__name__))
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("space", [(), (6, 5), (3, 4, 5)])
def test_every_loss_of_classes_falls_towards_the_truth(loss: torch.nn.Module, count: int, space: tuple[int, ...]) -> None:
    if (count == 1 and getattr(loss, "loss", "") == "soft-cross-entropy") or (count == 3 and getattr(loss, "loss", "") == "mcc"):
        with pytest.raises(ValueError, match="is for"):
            loss(torch.zeros(2, count, *space), torch.zeros(2, *space, dtype=torch.int64))
        return
    torch.manual_seed(0)
    classes = torch.randint(0, max(2, count), (4, *space))
    classes[0], classes[1] = 0, 1
    truth = (2.0 * classes[:, None] - 1) if count == 1 else F.one_hot(classes, count).movedim(-1, 1) * 2.0 - 1
    logits = torch.randn(4, count, *space).requires_grad_()
    first = loss(logits, classes)
    first.backward()
    assert first.dtype == torch.float32 and bool(torch.isfinite(logits.grad).all()) and bool((logits.grad != 0).any())
    assert float(loss((truth * 8).to(torch.bfloat16), classes)) < float(first.detach())
    assert float(loss(truth * 8, classes)) == pytest.approx(0.0, abs=2e-2)


@pytest.mark.parametrize("loss", CLASSES, ids=lambda loss: getattr(loss, "loss", type(loss).__name__))
def test_classes_that_do_not_fit_are_refused(loss: torch.nn.Module) -> None:
    logits = torch.zeros(2, 1 if getattr(loss, "loss", "") == "mcc" else 2, 4, 4)
    with pytest.raises(ValueError, match=r"\(2, 1, 4, 4\).*are wanted"):
        loss(logits, torch.zeros(2, 1, 4, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match="float32, not int64"):
        loss(logits, torch.zeros(2, 4, 4))
    with pytest.raises(ValueError, match="from 2 to 2; the model tells 0 to 1 apart"):
        loss(logits, torch.full((2, 4, 4), 2))


def test_options_reach_the_library_and_wrong_ones_are_named() -> None:
    logits, classes = torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 4, 4))
    plain, skewed = OverlapLoss("tversky"), OverlapLoss("tversky", options={"alpha": 0.9, "beta": 0.1})
    assert float(plain(logits, classes)) != float(skewed(logits, classes))
    with pytest.raises(UsageError, match="dice has no 'alfa'; it has class"):
        OverlapLoss("dice", options={"alfa": 1})
    with pytest.raises(UsageError, match="lovasz has no 'mode'"):
        OverlapLoss("lovasz", options={"mode": "binary"})
    with pytest.raises(UsageError, match="mcc cannot leave"):
        OverlapLoss("mcc", ignore=255)
    chosen = OverlapLoss("dice", options={"classes": [1, 2]})
    assert float(chosen(logits, classes)) > 0
    with pytest.raises(ValueError, match="not for one logit"):
        chosen(logits[:, :1], classes.clamp(max=1))


def test_a_sum_is_built_by_id_and_logs_each_part() -> None:
    loss = api.build("standard/sum", losses=[api.use("standard/cross-entropy"), api.use("standard/dice")], weights=[1.0, 0.5])
    logits, classes = torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 4, 4))
    found = loss(logits, classes)
    assert list(found) == ["CrossEntropy", "Dice"]
    assert torch.allclose(found["Dice"], 0.5 * Dice()(logits, classes))
    twice = Sum((MeanSquaredError(), Sum((MeanSquaredError(), MeanAbsoluteError()))))
    assert list(twice(torch.zeros(2), torch.ones(2))) == ["MeanSquaredError", "MeanSquaredError 2", "MeanAbsoluteError"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda: Sum(()), "a list of losses"),
        (lambda: Sum((MeanSquaredError(),), (1.0, 2.0)), "2 weights for 1"),
        (lambda: SmoothL1(0.0), "beta = 0.0"),
        (lambda: Focal(-1.0), "gamma"),
        (lambda: CrossEntropy(label_smoothing=2.0), "label_smoothing"),
    ],
)
def test_parameters_out_of_range_are_refused(given, told) -> None:
    with pytest.raises(UsageError, match=told):
        given()
