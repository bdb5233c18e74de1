"""SSD on a ResNet: its maps and default boxes, which of them answer for which lesion, its loss and its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Boxes, Case, Image
from medai_breast.models.ssd import Maps, Ssd, matched

NONE = Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
TWO = Boxes(torch.tensor([[8.0, 10.0, 60.0, 50.0], [70.0, 60.0, 128.0, 128.0]]), torch.tensor([1, 0]))
CELLS = (40, 20, 10, 5, 3, 1)
PER_CELL = (4, 6, 6, 6, 4, 4)
VARIANCES = torch.tensor([0.1, 0.1, 0.2, 0.2])


@pytest.fixture(scope="module")
def small() -> Ssd:
    torch.manual_seed(0)
    return Ssd("resnet18", classes=2, size=(128, 128)).eval()


@pytest.fixture(scope="module")
def default(small: Ssd) -> torch.Tensor:
    """Its default boxes at 128 by 128."""
    with torch.no_grad():
        return small.maps(torch.zeros(1, 3, 128, 128)).boxes


def batch(*references: Boxes) -> Batch[Any, Any]:
    pixels = torch.rand(len(references), 1, 128, 128, generator=torch.Generator().manual_seed(0))
    return Batch(tuple(Case(str(place), str(place)) for place in range(len(references))), Image(pixels, "0..1"), list(references))


def test_parameters_are_those_of_paddledetection() -> None:
    """`ssd_r34_70e_coco` of PaddleDetection (commit 666f597), built with two classes, learns 12,426,514; 4,224 of them are a projection in
    the first block of the ResNet, which He et al. and timm do not have."""
    assert sum(weight.numel() for weight in Ssd(classes=2).parameters()) == 12_426_514 - 4_224


def test_maps_and_default_boxes_at_320() -> None:
    network = Ssd("resnet18", size=(320, 320)).eval()
    with torch.no_grad():
        features = list(network.network.backbone(torch.zeros(1, 3, 320, 320)).values())
        boxes = network.maps(torch.zeros(1, 3, 320, 320)).boxes
    assert [tuple(each.shape[1:]) for each in features] == [
        (channels, cells, cells) for channels, cells in zip((256, 512, 512, 256, 256, 256), CELLS, strict=True)
    ]
    (whole,) = DefaultBoxGenerator(network.network.anchor_generator.aspect_ratios, scales=network.network.anchor_generator.scales)(
        ImageList(torch.zeros(1, 3, 320, 320), [(320, 320)]), features
    )
    # Cut at the frame; before, in the middle of their cells, the smallest of side 21 at 300.
    assert torch.equal(boxes, whole.clamp(0, 320)) and float(boxes.max()) == 320
    middles = torch.split((whole[:, :2] + whole[:, 2:]) / 2, [cells**2 * count for cells, count in zip(CELLS, PER_CELL, strict=True)])
    for found, cells, count in zip(middles, CELLS, PER_CELL, strict=True):
        along = (torch.arange(cells) + 0.5) * 320 / cells
        wanted = torch.cartesian_prod(along, along).flip(1).repeat_interleave(count, 0)
        assert float((found - wanted).abs().max()) < 1e-3
    assert float(whole[0, 2] - whole[0, 0]) == pytest.approx(21 / 300 * 320, rel=1e-5)


def test_a_lesion_that_no_default_box_is_like_has_its_best_one(default: torch.Tensor) -> None:
    thin = torch.tensor([[10.0, 40.0, 120.0, 43.0]])
    overlaps = box_iou(thin, default)[0]
    found = matched(thin, default)
    assert float(overlaps.max()) < 0.5 and (found >= 0).nonzero().flatten().tolist() == [int(overlaps.argmax())]


def test_two_lesions_in_one_cell_have_a_default_box_each(default: torch.Tensor) -> None:
    # Both are most like the same one; the first is more so.
    boxes = torch.tensor([[40.0, 44.0, 44.0, 48.0], [40.0, 44.0, 43.0, 47.0]])
    overlaps = box_iou(boxes, default)
    assert overlaps[0].argmax() == overlaps[1].argmax() and float(overlaps.max()) < 0.5
    found = matched(boxes, default)
    assert sorted(found[found >= 0].tolist()) == [0, 1] and int(found[overlaps[0].argmax()]) == 0
    # One that is like both answers for that which it is more like.
    boxes = torch.tensor([[22.0, 22.0, 64.0, 64.0], [26.0, 24.0, 68.0, 68.0]])
    overlaps, found = box_iou(boxes, default), matched(boxes, default)
    both = (overlaps >= 0.5).all(0)
    both[overlaps.argmax(1)] = False
    assert int(both.sum()) > 1 and torch.equal(found[both], overlaps.argmax(0)[both])


def test_default_boxes_of_nothing_answer_for_nothing(default: torch.Tensor) -> None:
    assert set(matched(NONE.boxes, default).tolist()) == {-1}


def coded(target: Boxes, default: torch.Tensor) -> Maps:
    """What a network that knows the answer says."""
    found = matched(target.boxes, default)
    own, boxes = target.boxes[found.clamp_min(0)], default
    sizes, middles = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    offsets = torch.cat([((own[:, 2:] + own[:, :2]) / 2 - middles) / sizes, ((own[:, 2:] - own[:, :2]) / sizes).log()], 1) / VARIANCES
    named = torch.where(found >= 0, target.labels[found.clamp_min(0)] + 1, 0)
    return Maps(offsets[None], 20.0 * F.one_hot(named, 3)[None].float(), default)


@pytest.mark.parametrize(
    "boxes", [TWO.boxes, torch.tensor([[0.0, 0.0, 40.0, 30.0], [100.0, 0.0, 128.0, 128.0]]), torch.tensor([[-9.0, -6.0, 30.0, 40.0]])]
)
def test_what_is_answered_is_what_was_asked_cut_at_the_frame(small: Ssd, default: torch.Tensor, boxes: torch.Tensor) -> None:
    target = Boxes(boxes, torch.tensor([1, 0])[: len(boxes)])
    maps = coded(target, default)
    losses = small.losses(maps, [target], torch.Size((128, 128)))
    assert all(float(value) < 1e-4 for value in losses.values())
    (found,) = small.decoded(maps, torch.Size((128, 128)))
    # Many default boxes answer for the same lesion.
    assert int((matched(boxes, default) >= 0).sum()) > len(boxes) == len(found.boxes) and float(found.scores.min()) > 0.99
    order = found.labels.argsort(descending=True)
    torch.testing.assert_close(found.boxes[order], boxes.clamp(0, 128), atol=1e-3, rtol=0)


def test_nothing_is_found_where_all_is_background(small: Ssd, default: torch.Tensor) -> None:
    logits = torch.tensor([9.0, 0.0, 0.0]).expand(1, len(default), 3)
    (found,) = small.decoded(Maps(torch.zeros(1, len(default), 4), logits, default), torch.Size((128, 128)))
    assert found.boxes.shape == (0, 4) and len(found.scores) == len(found.labels) == 0


def test_hard_negatives_are_three_to_one(small: Ssd, default: torch.Tensor) -> None:
    maps = coded(TWO, default)
    answering = int((matched(TWO.boxes, default) >= 0).sum())
    # All default boxes of the background are equally wrong: the loss of each is log(1 + 2 e).
    wrong = torch.where(maps.logits.argmax(-1, keepdim=True) == 0, torch.tensor([0.0, 1.0, 1.0]), maps.logits)
    losses = small.losses(maps._replace(logits=wrong), [TWO], torch.Size((128, 128)))
    each = float(torch.tensor([0.0, 1.0, 1.0]).logsumexp(0))
    assert float(losses["classification"]) == pytest.approx(3 * answering * each / answering, rel=1e-4)


def test_an_image_without_lesions_teaches_by_what_is_most_mistaken(small: Ssd) -> None:
    given = batch(NONE)
    small.train()
    losses = small.training_step(given, None, "all")
    small.eval()
    assert float(losses["bbox_regression"].detach()) == 0 and 0 < float(losses["classification"].detach()) < 30
    small.zero_grad()
    torch.autograd.backward(losses["classification"])
    head = small.network.head
    assert float(head.classification_head.module_list[0].weight.grad.abs().max()) > 0
    # Beside an image with lesions it adds to the loss.
    with torch.no_grad():
        maps = small.maps(torch.rand(2, 3, 128, 128))
    alone = small.losses(Maps(maps.offsets[:1], maps.logits[:1], maps.boxes), [TWO], torch.Size((128, 128)))
    both = small.losses(maps, [TWO, NONE], torch.Size((128, 128)))
    assert float(both["classification"]) > float(alone["classification"]) and torch.equal(both["bbox_regression"], alone["bbox_regression"])


@pytest.mark.slow
def test_it_learns_two_images_by_heart() -> None:
    torch.manual_seed(0)
    detector = Ssd("resnet18", classes=2, size=(128, 128)).train()
    other = Boxes(torch.tensor([[30.0, 40.0, 100.0, 90.0]]), torch.tensor([0]))
    given = batch(TWO, other)
    given.inputs.pixels.mul_(0.1)
    for image, target in zip(given.inputs.pixels, (TWO, other), strict=True):
        for (left, top, right, bottom), label in zip(target.boxes.int().tolist(), target.labels.tolist(), strict=True):
            image[:, top:bottom, left:right] += 0.4 + 0.4 * label
    optimizer = torch.optim.SGD(detector.parameters(), 0.01, momentum=0.9)
    for _ in range(40):
        optimizer.zero_grad()
        torch.autograd.backward(list(detector.training_step(given, None, "all").values()))
        optimizer.step()
    for part in detector.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None  # the running statistics of the last weights
            part.reset_running_stats()
    with torch.no_grad():
        detector.training_step(given, None, "all")
        answers = detector.eval()(given.inputs.pixels)
    for found, target in zip(answers, (TWO, other), strict=True):
        sure = found.scores > 0.5
        assert int(sure.sum()) == len(target)
        overlaps = box_iou(target.boxes, found.boxes[sure])
        assert float(overlaps.amax(1).min()) > 0.7 and torch.equal(found.labels[sure][overlaps.argmax(1)], target.labels)


def test_what_it_starts_from_and_what_it_refuses(tmp_path: Path) -> None:
    published = timm.create_model("resnet18")
    save_file(published.state_dict(), tmp_path / "resnet18.safetensors")
    own = Ssd("resnet18", pretrained=str(tmp_path / "resnet18.safetensors")).network.backbone.backbone.network.state_dict()
    assert own and all(torch.equal(value, published.state_dict()[name]) for name, value in own.items())
    with pytest.raises(DataError):
        Ssd("resnet50", pretrained=str(tmp_path / "resnet18.safetensors"))
    with pytest.raises(UsageError, match="stands on a ResNet"):
        Ssd("darknet53")
    with pytest.raises(UsageError, match="multiples of 32"):
        Ssd("resnet18", size=(300, 300))
