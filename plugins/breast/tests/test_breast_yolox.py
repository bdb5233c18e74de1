"""YOLOX: its size, the names of published weights, which places learn a box, and what a place says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from medai.errors import DataError
from medai.tasks import Boxes
from medai_breast.models.simota import Assigned, assigned
from medai_breast.models.yolox import _VARIANTS, Yolox
from medai_breast.models.yolox_network import YoloxNetwork
from medai_breast.models.yolox_published import YOLOX

STEM = "network.backbone.stem.conv.conv.weight"


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [("nano", 912_159), ("tiny", 5_055_855), ("s", 8_968_255), ("m", 25_326_495), ("l", 54_208_895), ("x", 99_071_455)],
)
def test_with_80_classes_it_has_the_parameters_of_the_public_network(variant: str, parameters: int) -> None:
    """Counted of Megvii-BaseDetection/YOLOX, 0.91, 5.06, 9.0, 25.3, 54.2 and 99.1 million in its README."""
    with torch.device("meta"):
        network = YoloxNetwork(*_VARIANTS[variant], 80, separable=variant == "nano")
    assert sum(weight.numel() for weight in network.parameters()) == parameters


def test_norms_and_first_guesses_are_those_of_the_public_network() -> None:
    network = Yolox("nano", classes=2)
    norms = [part for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert {(part.eps, part.momentum) for part in norms} == {(1e-3, 0.03)}
    for head in network.network.heads:
        biases = torch.cat([head.classes.bias, head.objectness.bias])
        assert torch.allclose(biases.sigmoid(), torch.tensor(0.01))


def test_each_published_name_is_one_of_ours() -> None:
    for theirs, ours in {
        "backbone.backbone.stem.conv.conv.weight": STEM,
        "backbone.backbone.dark2.0.dconv.bn.bias": "network.backbone.stages.0.0.dconv.bn.bias",
        "backbone.backbone.dark3.1.m.2.conv2.pconv.conv.weight": "network.backbone.stages.1.1.blocks.2.conv2.pconv.conv.weight",
        "backbone.backbone.dark5.1.conv2.bn.running_mean": "network.backbone.stages.3.1.conv2.bn.running_mean",
        "backbone.lateral_conv0.conv.weight": "network.neck.lateral.0.conv.weight",
        "backbone.C3_p3.m.0.conv1.bn.weight": "network.neck.top_down.1.blocks.0.conv1.bn.weight",
        "backbone.C3_n4.conv3.conv.weight": "network.neck.bottom_up.1.conv3.conv.weight",
        "backbone.bu_conv2.pconv.bn.num_batches_tracked": "network.neck.halving.0.pconv.bn.num_batches_tracked",
        "head.cls_convs.2.1.dconv.conv.weight": "network.heads.2.of_class.1.dconv.conv.weight",
        "head.obj_preds.0.bias": "network.heads.0.objectness.bias",
    }.items():
        assert YOLOX.names(theirs) == (ours,)


def published(network: Yolox, path: Path) -> str:
    """Its weights under the names of public code."""
    names = {}
    for name in network.network.state_dict():
        part, _, rest = name.partition(".")
        if part == "heads":
            level, kind, rest = rest.split(".", 2)
            theirs = {"stem": "stems", "of_class": "cls_convs", "of_box": "reg_convs"}
            theirs |= {"classes": "cls_preds", "box": "reg_preds", "objectness": "obj_preds"}
            names[name] = f"head.{theirs[kind]}.{level}.{rest}"
        elif part == "neck":
            kind, number, rest = rest.split(".", 2)
            theirs = {"lateral0": "lateral_conv0", "lateral1": "reduce_conv1", "halving0": "bu_conv2", "halving1": "bu_conv1"}
            theirs |= {"top_down0": "C3_p4", "top_down1": "C3_p3", "bottom_up0": "C3_n3", "bottom_up1": "C3_n4"}
            names[name] = f"backbone.{theirs[kind + number]}.{rest.replace('blocks.', 'm.')}"
        else:
            for stage in range(4):
                rest = rest.replace(f"stages.{stage}.", f"dark{stage + 2}.")
            names[name] = f"backbone.backbone.{rest.replace('blocks.', 'm.')}"
    save_file({names[name]: tensor.contiguous() for name, tensor in network.network.state_dict().items()}, path)
    return str(path)


def test_published_weights_give_the_answers_that_they_gave(tmp_path: Path) -> None:
    """Public code sees blue first, and pictures as 0..255."""
    torch.manual_seed(0)
    source = Yolox("nano", channels=3, classes=2).eval()
    loaded = Yolox("nano", channels=3, classes=2, pretrained=published(source, tmp_path / "yolox_nano.safetensors")).eval()
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected, found = source.network(picture.flip(1) * 255), loaded.maps(loaded.framed(picture))
    assert all(torch.allclose(one, other, rtol=1e-4, atol=1e-4) for one, other in zip(expected, found, strict=True))
    # What it became is a file of our own, which says its scale itself.
    save_file(loaded.state_dict(), tmp_path / "own.safetensors")
    again = Yolox("nano", channels=3, classes=2, pretrained=str(tmp_path / "own.safetensors"))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in loaded.state_dict().items())


def test_published_weights_of_other_classes_and_of_another_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = Yolox("nano", classes=80)
    path = published(source, tmp_path / "yolox_nano.safetensors")
    loaded = Yolox("nano", classes=3, pretrained=path).network
    assert loaded.heads[0].classes.bias.shape == (3,) and torch.equal(loaded.heads[1].box.weight, source.network.heads[1].box.weight)
    tensors = load_file(path)
    del tensors["head.stems.0.bn.weight"]
    save_file(tensors, tmp_path / "part.safetensors")
    with pytest.raises(DataError, match=r"do not fit Yolox: missing network\.heads\.0\.stem\.bn\.weight"):
        Yolox("nano", classes=80, pretrained=str(tmp_path / "part.safetensors"))
    with pytest.raises(DataError, match=r"missing\.pth"):
        Yolox("nano", pretrained=str(tmp_path / "missing.pth"))


def learnt(target: Boxes, boxes: torch.Tensor | None = None, scores: torch.Tensor | None = None) -> Assigned:
    """Of an image of 64 x 64 with cells of 8: places count by rows of eight. Else nothing is said: no box, and a confidence of 0.1."""
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    centres = torch.stack([columns, rows], -1).reshape(-1, 2) * 8 + 4
    boxes = torch.zeros(64, 4) if boxes is None else boxes
    scores = torch.full((64, 2), 0.1) if scores is None else scores
    return assigned(boxes, scores, centres, torch.full((64, 1), 8.0), target)


def test_a_box_is_learnt_by_as_many_places_as_its_overlaps_sum_up_to() -> None:
    target = Boxes(torch.tensor([[16.0, 16.0, 48.0, 48.0]]), torch.tensor([1]))
    said = torch.zeros(64, 4)
    # Rows and columns 2 to 5 are in it. Overlaps: 1, 0.75, 0.5, 0.25 and 0.125: two and a half.
    for place, top in ((27, 16.0), (28, 24.0), (35, 32.0), (36, 40.0), (20, 44.0)):
        said[place] = torch.tensor([16.0, top, 48.0, 48.0])
    found = learnt(target, said)
    assert found.places.tolist() == [27, 28] and found.boxes.tolist() == [0, 0] and found.overlaps.tolist() == [1.0, 0.75]
    # Of two that say the same box, the one learns it that says the class.
    scores = torch.full((64, 2), 0.1)
    scores[36, 1] = 0.999
    said[36], said[35] = said[28], 0
    assert learnt(target, said, scores).places.tolist() == [27, 36]


def test_a_place_outside_the_box_or_far_from_its_centre_learns_it_last() -> None:
    # The box holds all columns of rows 3 and 4; within 2.5 cells of its centre are columns 2 to 5.
    target = Boxes(torch.tensor([[0.0, 24.0, 64.0, 40.0]]), torch.tensor([0]))
    said = torch.zeros(64, 4)
    said[[24, 19, 27]] = torch.tensor([[0.0, 24.0, 64.0, 40.0], [0.0, 24.0, 64.0, 40.0], [0.0, 24.0, 32.0, 40.0]])
    # 2.5 in all: 27 has half an overlap, but is the only one that lies well; other places that do say nothing.
    assert set(learnt(target, said).places.tolist()) <= {26, 27, 28, 29, 34, 35, 36, 37} and 27 in learnt(target, said).places
    # Row 7 is neither in it nor near: not even considered.
    said[60] = target.boxes[0]
    assert 60 not in learnt(target, said).places


def test_boxes_that_hold_no_centre_of_a_cell_and_boxes_at_the_border_are_learnt() -> None:
    small = Boxes(torch.tensor([[17.0, 17.0, 19.0, 19.0], [62.0, 62.0, 64.0, 64.0]]), torch.tensor([0, 1]))
    found = learnt(small)
    assert found.boxes.sort().values.tolist() == [0, 1] and int(found.places[found.boxes == 1]) in {45, 46, 47, 53, 54, 55, 61, 62, 63}
    assert len(learnt(Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))).places) == 0


def test_a_place_that_two_boxes_want_learns_the_one_that_it_costs_least() -> None:
    """In one cell, one within the other; the second box then is learnt elsewhere or not at all."""
    target = Boxes(torch.tensor([[8.0, 8.0, 56.0, 56.0], [24.0, 24.0, 32.0, 32.0]]), torch.tensor([0, 1]))
    said = torch.zeros(64, 4)
    said[27] = torch.tensor([24.0, 24.0, 32.0, 32.0])
    found = learnt(target, said)
    assert found.boxes[found.places == 27].tolist() == [1] and len(found.places.unique()) == len(found.places)


def test_a_cell_says_centre_and_sides_in_cells() -> None:
    network = Yolox("nano", classes=2)
    maps = [torch.zeros(1, 7, 64 // stride, 64 // stride) for stride in (8, 16, 32)]
    for found in maps:
        found[:, 4] = -30
    # Row 1, column 2 of stride 16: the centre 1.25 cells right of the cell's corner and half a cell below; 2 x 1 cells.
    maps[1][0, :, 1, 2] = torch.tensor([1.25, 0.5, 0.6931472, 0.0, 3.0, -9.0, 2.0])
    with torch.no_grad():
        (found,) = network.decoded(maps, torch.Size([64, 64]))
    assert torch.allclose(found.boxes[0], torch.tensor([36.0, 16.0, 68.0, 32.0])) and int(found.labels[0]) == 1
    assert float(found.scores[0]) == pytest.approx(float(torch.tensor(3.0).sigmoid() * torch.tensor(2.0).sigmoid()))


def test_the_losses_of_a_hand_made_answer() -> None:
    """A place that says the box, and all others sure that nothing is there: what is left is what the one is not sure of."""
    network = Yolox("nano", classes=2)
    maps = [torch.zeros(1, 7, 64 // stride, 64 // stride) for stride in (8, 16, 32)]
    for found in maps:
        found[:, 2:4], found[:, 4] = -9.0, -100.0
    maps[1][0, :, 1, 2] = torch.tensor([0.5, 0.5, 0.6931472, 0.0, 0.0, 0.0, 0.0])
    exact = Boxes(torch.tensor([[24.0, 16.0, 56.0, 32.0]]), torch.tensor([1]))
    part = Boxes(torch.tensor([[32.0, 16.0, 56.0, 32.0]]), torch.tensor([1]))
    log2 = 0.6931472
    for target, overlap in ((exact, 1.0), (part, 0.75)):
        parts = network.losses(maps, [target], torch.Size([64, 64]))
        assert float(parts["box"]) == pytest.approx(5 * (1 - overlap**2), abs=1e-5)
        assert float(parts["objectness"]) == pytest.approx(log2, rel=1e-5)
        assert float(parts["class"]) == pytest.approx(2 * log2, rel=1e-5)
