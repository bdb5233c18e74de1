"""What YOLOv3 and YOLOX have in common: they learn from any batch, answer in the image's pixels, and drop doubles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from medai.errors import UsageError
from medai.tasks import Batch, Boxes, Case, Image
from medai_breast.models.network import LesionDetector
from medai_breast.models.yolov3 import YoloV3
from medai_breast.models.yolox import Yolox

NONE = Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
TWO = Boxes(torch.tensor([[5.0, 6.0, 30.0, 40.0], [50.0, 20.0, 90.0, 64.0]]), torch.tensor([0, 1]))
SMALL: dict[type[LesionDetector], dict[str, object]] = {YoloV3: {"backbone": "resnet18"}, Yolox: {"variant": "nano"}}
both = pytest.mark.parametrize("kind", SMALL)


def detector(kind: type[LesionDetector], **parameters: object) -> LesionDetector:
    torch.manual_seed(0)
    return kind(**{"classes": 2, **SMALL[kind], **parameters})


def batch(*references: Boxes, shape: tuple[int, int] = (70, 96)) -> Batch:
    torch.manual_seed(1)
    pixels = torch.rand(len(references), 1, *shape)
    return Batch(tuple(Case(str(place), str(place)) for place in range(len(references))), Image(pixels, "0..1"), list(references))


@both
def test_it_learns_from_images_with_boxes_without_and_from_one_alone(kind: type[LesionDetector]) -> None:
    network = detector(kind).train()
    for given in (batch(TWO, NONE), batch(NONE), batch(TWO, shape=(32, 32)), batch(NONE, NONE)):
        network.zero_grad()
        losses = network.training_step(given, None, "all")
        assert all(bool(torch.isfinite(value)) for value in losses.values())
        sum(losses.values()).backward()
        grads = {key: weight.grad for key, weight in network.named_parameters()}
        assert all(grad is not None and bool(torch.isfinite(grad).all()) for grad in grads.values())


@both
def test_every_parameter_is_told_something(kind: type[LesionDetector]) -> None:
    network = detector(kind, size=(128, 128)).train()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim == 1:  # timm's residual branches begin at zero, and what is behind a zero is told nothing
                weight.add_(0.1)
    # One for each level.
    boxes = Boxes(torch.tensor([[4.0, 4.0, 16.0, 18.0], [30.0, 30.0, 80.0, 70.0], [2.0, 5.0, 120.0, 125.0]]), torch.tensor([0, 1, 1]))
    sum(network.training_step(batch(boxes, boxes, shape=(128, 128)), None, "all").values()).backward()
    assert all(bool(weight.grad.abs().max() > 0) for weight in network.parameters())


@both
def test_the_losses_are_of_full_precision_in_a_network_of_half(kind: type[LesionDetector]) -> None:
    network = detector(kind).train()
    with torch.autocast("cpu", torch.bfloat16):
        losses = network.training_step(batch(TWO, NONE), None, "all")
    assert all(value.dtype == torch.float32 and bool(torch.isfinite(value)) for value in losses.values())


@both
@pytest.mark.parametrize("size", [None, (64, 96)])
def test_it_answers_in_the_pixels_of_each_image(kind: type[LesionDetector], size: tuple[int, int] | None) -> None:
    network = detector(kind, size=size, least=1e-6).eval()
    pixels = batch(NONE, NONE).inputs.pixels
    with torch.no_grad():
        found, alone = network(pixels), [network(each[None])[0] for each in pixels]
    for each, same in zip(found, alone, strict=True):
        assert 0 < len(each) <= 100 and torch.allclose(each.scores, same.scores, atol=1e-5)
        assert bool((each.boxes >= 0).all()) and bool((each.boxes <= torch.tensor([96.0, 70.0, 96.0, 70.0])).all())
        assert set(each.labels.tolist()) <= {0, 1} and bool((each.scores.diff() <= 0).all())


@both
def test_of_two_boxes_for_one_lesion_the_better_stays(kind: type[LesionDetector]) -> None:
    """Neighbouring cells of the finest map say nearly the same box; another says it of the other class."""
    network = detector(kind)
    maps = network.eval().maps(torch.zeros(1, 3, 64, 64))
    for found in maps:
        found.detach().zero_()
        found[:, 4::7] = -30
    fine = maps[0] if kind is Yolox else maps[2]
    # About 53 x 53 pixels: the third anchor of YOLOv3 there is of 33 x 23, cells of YOLOX are of 8 x 8.
    sides = (1.9, 1.9) if kind is Yolox else (0.47, 0.83)
    for column, objectness, own, other in ((3, 4.0, 9.0, -9.0), (4, 3.0, 9.0, -9.0), (2, 2.0, -9.0, 9.0)):
        fine[0, -7:, 3, column] = torch.tensor([0.0, 0.0, *sides, objectness, own, other])
    with torch.no_grad():
        (found,) = network.decoded(maps, torch.Size([64, 64]))
    assert found.labels.tolist()[:2] == [0, 1]
    scores = (torch.tensor([4.0, 2.0]).sigmoid() * torch.tensor(9.0).sigmoid()).tolist()
    assert found.scores[:2].tolist() == pytest.approx(scores)
    # The second for class 0 is gone; what is left besides is what the three say of the class that they do not mean.
    assert bool((found.scores[2:] < 1e-3).all())


class Arrays(nn.Module):
    """A detector that takes and gives tensors of one image, as a graph does."""

    def __init__(self, network: LesionDetector) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        (found,) = self.network(pixels)
        return found.boxes, found.labels, found.scores


@both
def test_a_graph_made_at_one_size_finds_the_same_at_another(kind: type[LesionDetector], tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    network = detector(kind, least=1e-6).train()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0  # else little of the image comes through a network that has learnt nothing, and all places say the same
    with torch.no_grad():
        network.maps(network.framed(torch.rand(8, 1, 128, 128)))
    whole = Arrays(network).eval()
    path = str(tmp_path / "graph.onnx")
    opened = {"pixels": {2: "height", 3: "width"}} | {name: {0: "boxes"} for name in ("boxes", "labels", "scores")}
    names = {"input_names": ["pixels"], "output_names": ["boxes", "labels", "scores"]}
    with torch.no_grad():
        torch.onnx.export(whole, (torch.rand(1, 1, 70, 96),), path, dynamo=False, dynamic_axes=opened, **names)
        pixels = torch.rand(1, 1, 90, 60)
        expected = whole(pixels)
    found = runtime.InferenceSession(path).run(None, {"pixels": pixels.numpy()})
    assert len(expected[0]) > 5
    for one, other in zip(expected, found, strict=True):
        assert torch.allclose(one, torch.from_numpy(other), rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rate", "steps"), [(YoloV3, 2e-3, 60), (Yolox, 1e-2, 200)])
def test_it_learns_two_images_by_heart(kind: type[LesionDetector], rate: float, steps: int) -> None:
    network = detector(kind, size=(128, 128)).train()
    first = Boxes(torch.tensor([[16.0, 20.0, 60.0, 70.0]]), torch.tensor([1]))
    second = Boxes(torch.tensor([[70.0, 64.0, 118.0, 100.0], [10.0, 12.0, 40.0, 36.0]]), torch.tensor([0, 1]))
    given = batch(first, second, shape=(128, 128))
    given.inputs.pixels.mul_(0.2)
    for image, reference in zip(given.inputs.pixels, given.reference, strict=True):
        for (left, top, right, bottom), label in zip(reference.boxes.int().tolist(), reference.labels.tolist(), strict=True):
            image[:, top:bottom, left:right] += 0.4 + 0.4 * label
    optimizer = torch.optim.Adam(network.parameters(), rate)
    for taken in range(1, steps + 1):
        optimizer.zero_grad()
        sum(network.train().training_step(given, None, "all").values()).backward()
        optimizer.step()
        if taken % 15 == 0 and knows(network, given):
            return
    pytest.fail(f"after {steps} steps the sure boxes are not the lesions")


def knows(network: LesionDetector, given: Batch[Any, Any]) -> bool:
    """Whether the boxes that are surer than 0.5 are the lesions."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None  # the running statistics of the last weights
            part.reset_running_stats()
    with torch.no_grad():
        network.training_step(given, None, "all")
        answers = network.eval()(given.inputs.pixels)
    for answer, reference in zip(answers, given.reference or (), strict=True):
        found = answer.scores > 0.5
        if sorted(answer.labels[found].tolist()) != sorted(reference.labels.tolist()):
            return False
        for box, label in zip(reference.boxes, reference.labels, strict=True):
            if not float((answer.boxes[found & (answer.labels == label)] - box).abs().amax(1).min()) < 8:
                return False
    return True


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        (YoloV3, {"backbone": "vgg16"}, "'vgg16'"),
        (YoloV3, {"anchors": [(10, 20)]}, "not 9 widths and heights"),
        (YoloV3, {"anchors": "voc"}, "coco, kmeans"),
        (YoloV3, {"size": (100, 100)}, "multiples of 32"),
        (Yolox, {"variant": "h"}, "there are nano"),
        (Yolox, {"classes": 0}, "not 1 or more"),
        (Yolox, {"pretrained": "default"}, "a file of weights is wanted"),
    ],
)
def test_what_there_is_not_is_refused(kind: type[LesionDetector], parameters: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        detector(kind, **parameters)
