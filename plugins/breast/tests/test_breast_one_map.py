"""What YOLOF and TTFNet, which answer from one map, have in common: they learn from any batch, answer in the image's pixels, and become
a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.ops import box_iou

from medai import api
from medai.api import Use
from medai.errors import UsageError
from medai.tasks import Batch, Boxes, Case, Image, Trained
from medai_breast.models.network import LesionDetector
from medai_breast.models.ttfnet import TTFNet
from medai_breast.models.yolof import YOLOF

NONE = Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
TWO = Boxes(torch.tensor([[5.0, 6.0, 30.0, 40.0], [50.0, 20.0, 90.0, 64.0]]), torch.tensor([0, 1]))
SMALL: dict[Any, dict[str, object]] = {YOLOF: {"width": 64}, TTFNet: {}}
both = pytest.mark.parametrize("kind", SMALL)


def detector(kind: Any, **parameters: object) -> LesionDetector:
    torch.manual_seed(0)
    made: LesionDetector = kind(**{"classes": 2, "backbone": "resnet18", **SMALL[kind], **parameters})
    return made


def batch(*references: Boxes, shape: tuple[int, int] = (70, 96)) -> Batch[Any, Any]:
    torch.manual_seed(1)
    pixels = torch.rand(len(references), 1, *shape)
    return Batch(tuple(Case(str(place), str(place)) for place in range(len(references))), Image(pixels, "0..1"), list(references))


def step(network: LesionDetector, given: Batch[Any, Any]) -> dict[str, torch.Tensor]:
    losses = network.training_step(given, None, "all")
    torch.autograd.backward(sum(losses.values(), torch.zeros(())))
    return losses


@both
def test_it_learns_from_images_with_boxes_without_and_from_one_alone(kind: Any) -> None:
    network = detector(kind).train()
    for given in (batch(TWO, NONE), batch(NONE), batch(TWO, shape=(32, 32))):
        network.zero_grad()
        assert all(bool(value.isfinite()) for value in step(network, given).values())
        assert all(weight.grad is not None and bool(weight.grad.isfinite().all()) for weight in network.parameters())


@both
def test_every_parameter_is_told_something(kind: Any) -> None:
    network = detector(kind).train()
    for name, weight in network.named_parameters():
        if "backbone" in name and not bool(weight.any()):  # timm's residual blocks begin as nothing
            nn.init.constant_(weight, 0.1)
    step(network, batch(TWO, TWO, shape=(96, 96)))
    assert [name for name, weight in network.named_parameters() if weight.grad is None or not bool(weight.grad.any())] == []


@both
def test_the_losses_are_of_full_precision_in_a_network_of_half(kind: Any) -> None:
    network = detector(kind).train()
    with torch.autocast("cpu", torch.bfloat16):
        losses = network.training_step(batch(TWO, NONE), None, "all")
    assert all(value.dtype == torch.float32 and bool(value.isfinite()) for value in losses.values())


@both
@pytest.mark.parametrize("size", [None, (64, 96)])
def test_it_answers_in_the_pixels_of_each_image(kind: Any, size: tuple[int, int] | None) -> None:
    network = detector(kind, size=size, least=1e-6).eval()
    pixels = batch(NONE, NONE).inputs.pixels
    with torch.no_grad():
        found, alone = network(pixels), [network(each[None])[0] for each in pixels]
    for each, same in zip(found, alone, strict=True):
        assert 0 < len(each) <= 100 and torch.allclose(each.scores, same.scores, atol=1e-5)
        assert bool((each.boxes >= 0).all()) and bool((each.boxes <= torch.tensor([96.0, 70.0, 96.0, 70.0])).all())
        assert set(each.labels.tolist()) <= {0, 1} and bool((each.scores.diff() <= 0).all())


@pytest.mark.slow
@both
def test_it_learns_two_images_by_heart(kind: Any) -> None:
    # The one looks at a 32nd of the size, the other at a quarter, which is slow.
    side = 128 if kind is YOLOF else 96
    network = detector(kind, size=(side, side)).train()
    first = Boxes(side * torch.tensor([[0.125, 0.156, 0.469, 0.547]]), torch.tensor([1]))
    second = Boxes(side * torch.tensor([[0.547, 0.5, 0.922, 0.781], [0.078, 0.094, 0.313, 0.281]]), torch.tensor([0, 1]))
    given = batch(first, second, shape=(side, side))
    given.inputs.pixels.mul_(0.2)
    for image, reference in zip(given.inputs.pixels, given.reference or (), strict=True):
        for (left, top, right, bottom), label in zip(reference.boxes.int().tolist(), reference.labels.tolist(), strict=True):
            image[:, top:bottom, left:right] += 0.4 + 0.4 * label
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for steps in range(1, (60 if kind is YOLOF else 120) + 1):
        optimizer.zero_grad()
        step(network.train(), given)
        optimizer.step()
        if steps % 15 == 0 and knows(network, given):
            return
    pytest.fail(f"after {steps} steps the surest boxes are not the lesions")


def knows(network: LesionDetector, given: Batch[Any, Any]) -> bool:
    """Whether the surest boxes are the lesions."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None  # the running statistics of the last weights
            part.reset_running_stats()
    with torch.no_grad():
        network.training_step(given, None, "all")
        answers = network.eval()(given.inputs.pixels)
    for answer, reference in zip(answers, given.reference or (), strict=True):
        surest = slice(len(reference))
        overlaps = box_iou(reference.boxes, answer.boxes[surest])
        if not overlaps.numel() or not bool((overlaps.amax(1) > 0.5).all()):
            return False
        if answer.labels[surest][overlaps.argmax(1)].tolist() != reference.labels.tolist():
            return False
    return True


@pytest.mark.slow
@both
def test_it_becomes_a_graph_of_any_size(kind: Any, tmp_path: Path) -> None:
    network = detector(kind, least=0.02)
    for name, weight in network.named_parameters():  # else all scores are alike, and which boxes are kept is chance
        if weight.ndim == 1 and "backbone" not in name:
            nn.init.normal_(weight, std=0.5)
        elif name.startswith("heatmap"):
            nn.init.normal_(weight, std=0.1)
    network.eval()
    example = batch(NONE, shape=(64, 64))
    onnx: Any = api.build("standard/onnx")
    path = onnx.write(Trained(Use(f"breast/{kind.__name__}", {}), "detection", network, network, {}), example, tmp_path)  # type: ignore[arg-type]
    graph = onnx.open(path)
    for shape in ((64, 64), (96, 70)):
        given = batch(NONE, shape=shape)
        with torch.no_grad():
            (expected,) = network(given.inputs.pixels)
        (found,) = graph.predict(given)
        assert len(expected) == len(found) > 3
        assert float((expected.boxes[:, None] - found.boxes).abs().amax(2).amin(1).max()) < 0.05


@both
def test_what_there_is_not_is_refused(kind: Any) -> None:
    for parameters, told in (
        ({"backbone": "vgg16"}, "'vgg16'"),
        ({"size": (100, 100)}, "multiples of 32"),
        ({"classes": 0}, "not 1 or more"),
    ):
        with pytest.raises(UsageError, match=told):
            detector(kind, **parameters)
