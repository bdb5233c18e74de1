"""Detectors of torchvision and ultralytics: boxes in the image's own pixels, classes from 0, their own losses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision
from click.testing import CliRunner
from torch import nn

from medai import api
from medai._cli import cli
from medai.api import Use
from medai.errors import DataError, UsageError
from medai.tasks import Batch, Boxes, Case, Image, Trained
from medai_standard.exporters.alike import same_rows
from medai_standard.exporters.onnx_model import Onnx

NO_BOXES = Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
TWO_BOXES = Boxes(torch.tensor([[5.0, 6.0, 30.0, 40.0], [20.0, 20.0, 50.0, 60.0]]), torch.tensor([0, 1]))

FEW_PROPOSALS = {"rpn_post_nms_top_n_train": 100, "box_batch_size_per_image": 64}
TORCHVISION = [
    {"architecture": "fasterrcnn_mobilenet_v3_large_fpn"},
    {"architecture": "fcos_resnet50_fpn", "backbone": "resnet18", "size": [64, 96]},
    {"architecture": "retinanet_resnet50_fpn"},
    {"architecture": "fasterrcnn_resnet50_fpn", "backbone": "resnet18"},
    {"architecture": "ssdlite320_mobilenet_v3_large"},
    {"architecture": "ssd300_vgg16", "size": [64, 64]},
]
ULTRALYTICS = [{"architecture": name} for name in ("yolov8n", "yolo26n", "yolov8n-rtdetr")] + [
    {"architecture": "yolo11n.yaml", "size": [64, 96]}
]
try:
    from medai_standard.models.ultralytics_models import library

    library()
    HAS_ULTRALYTICS = True
except Exception:
    HAS_ULTRALYTICS = False
needs_ultralytics = pytest.mark.skipif(not HAS_ULTRALYTICS, reason="the extra is not installed: pip install 'medai-standard[ultralytics]'")
DETECTORS = [("torchvision-detection", each) for each in TORCHVISION] + [
    pytest.param("ultralytics", each, marks=needs_ultralytics) for each in ULTRALYTICS
]


def build(name: str, **parameters: object) -> nn.Module:
    torch.manual_seed(0)
    return api.build(f"standard/{name}", **{"classes": 2, **parameters})


def batch(*references: Boxes, shape: tuple[int, int] = (70, 90)) -> Batch:
    torch.manual_seed(1)
    pixels = torch.rand(len(references), 1, *shape)
    return Batch(tuple(Case(str(place), str(place)) for place in range(len(references))), Image(pixels, "0..1"), list(references))


@pytest.mark.parametrize(("name", "parameters"), DETECTORS, ids=lambda case: case["architecture"] if isinstance(case, dict) else "")
def test_detectors(name: str, parameters: dict[str, object]) -> None:
    detector = build(name, **parameters).train()
    for given in (batch(TWO_BOXES, NO_BOXES), batch(NO_BOXES)):
        losses = detector.training_step(given, None, "all")
        assert all(bool(torch.isfinite(value)) for value in losses.values())
        detector.zero_grad()
        sum(losses.values()).backward()
        grads = [weight.grad for weight in detector.parameters() if weight.grad is not None]
        assert grads and all(bool(torch.isfinite(grad).all()) for grad in grads)
    detector.training_step(batch(TWO_BOXES), None, "all")
    detector.eval()
    pixels = batch(TWO_BOXES, NO_BOXES).inputs.pixels
    with torch.no_grad():
        found = detector(pixels)
        alone = [detector(each[None])[0] for each in pixels]
    for boxes, same in zip(found, alone, strict=True):
        assert boxes.boxes.dtype == boxes.scores.dtype == torch.float32 and boxes.labels.dtype == torch.int64
        assert len(boxes) == len(same) and torch.allclose(boxes.scores, same.scores, atol=1e-4)
        assert bool((boxes.boxes >= 0).all()) and bool((boxes.boxes <= torch.tensor([90.0, 70.0, 90.0, 70.0])).all())
        assert bool((boxes.boxes[:, 2:] > boxes.boxes[:, :2]).all()) and set(boxes.labels.tolist()) <= {0, 1}
    other = build(name, **parameters)
    other.load_state_dict(detector.state_dict())
    with torch.no_grad():
        assert torch.equal(other.eval()(pixels)[0].boxes, found[0].boxes)


@pytest.mark.parametrize(
    "architecture", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn", "retinanet_resnet50_fpn"]
)
def test_parameters_are_those_of_torchvision(architecture: str) -> None:
    # Faster R-CNN and SSD count the background as a class.
    classes = 2 + (not architecture.startswith("retinanet"))
    theirs = torchvision.models.get_model(architecture, weights=None, weights_backbone=None, num_classes=classes)
    count = lambda network: sum(weight.numel() for weight in network.parameters())  # noqa: E731
    assert count(build("torchvision-detection", architecture=architecture)) == count(theirs)


@pytest.mark.parametrize("architecture", ["fcos_resnet50_fpn", "retinanet_resnet50_fpn", "fasterrcnn_resnet50_fpn"])
def test_a_backbone_changes_the_backbone_alone(architecture: str) -> None:
    """With its own ResNet-50 in place of its own ResNet-50, a detector has the layers that it has without; all of them learn."""
    names = lambda network: {name: tuple(value.shape) for name, value in network.named_parameters() if "fpn.extra_blocks" not in name}  # noqa: E731
    own, same = (build("torchvision-detection", architecture=architecture, backbone=each) for each in (None, "resnet50"))
    assert names(own) == names(same) and all(weight.requires_grad for weight in same.parameters())


@pytest.mark.parametrize(
    ("name", "parameters", "steps"),
    [
        ("torchvision-detection", {"architecture": "fasterrcnn_mobilenet_v3_large_fpn", "size": [96, 96], "options": FEW_PROPOSALS}, 60),
        pytest.param("ultralytics", {"architecture": "yolov8n", "size": [96, 96]}, 60, marks=needs_ultralytics),
    ],
)
def test_a_detector_learns_one_image_by_heart(name: str, parameters: dict[str, object], steps: int) -> None:
    """Class, place and the way through the frame are right when boxes come back where they were put."""
    detector = build(name, **parameters).train()
    reference = Boxes(torch.tensor([[10.0, 8.0, 34.0, 40.0], [50.0, 20.0, 80.0, 52.0]]), torch.tensor([1, 0]))
    given = batch(reference, reference, shape=(60, 90))
    given.inputs.pixels.mul_(0.1)
    given.inputs.pixels[:, :, 8:40, 10:34] += 0.8
    given.inputs.pixels[:, :, 20:52, 50:80] += 0.4
    optimizer = torch.optim.Adam(detector.parameters(), 1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        sum(detector.training_step(given, None, "all").values()).backward()
        optimizer.step()
    for part in detector.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.momentum = None  # the running statistics of the last weights
            part.reset_running_stats()
    with torch.no_grad():
        for _ in range(3):
            detector.training_step(given, None, "all")
        found = detector.eval()(given.inputs.pixels)[0]
    for box, label in zip(reference.boxes, reference.labels, strict=True):
        own = found.labels == label
        best = found.boxes[own][found.scores[own].argmax()]
        assert float(torchvision.ops.box_iou(best[None], box[None])) > 0.6


@pytest.mark.parametrize(
    "parameters",
    [
        {"architecture": "fasterrcnn_mobilenet_v3_large_fpn", "options": {"box_score_thresh": 0.1, "rpn_post_nms_top_n_test": 50}},
        {"architecture": "ssdlite320_mobilenet_v3_large", "options": {"score_thresh": 0.1, "topk_candidates": 50}},
    ],
    ids=lambda case: case["architecture"],
)
def test_an_onnx_file_finds_the_same_boxes_in_images_of_any_size(parameters: dict[str, object], tmp_path: Path) -> None:
    detector = build("torchvision-detection", **parameters).train()
    for part in detector.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.momentum = None
            part.reset_running_stats()
    with torch.no_grad():
        detector.training_step(batch(TWO_BOXES, TWO_BOXES), None, "all")
        for weight in detector.parameters():
            if weight.ndim == 1:  # else all scores are alike, and which boxes are kept is chance
                weight.add_(torch.randn_like(weight) * 0.05)
    trained = Trained(Use("standard/torchvision-detection", parameters), "detection", detector, detector, {})
    opened = Onnx().open(Onnx().write(trained, batch(TWO_BOXES), tmp_path))
    assert opened.limits == ("fixed in the file: batch 1",)
    detector.eval()
    for shape in ((70, 90), (120, 60)):
        given = batch(TWO_BOXES, shape=shape)
        with torch.no_grad():
            (expected,), (found,) = detector(given.inputs.pixels), opened.predict(given)
        assert len(expected) > 5 and same_rows(*[(each.boxes, each.labels, each.scores) for each in (expected, found)])


def test_an_onnx_file_finds_none_and_many(tmp_path: Path) -> None:
    parameters = {"architecture": "fcos_resnet50_fpn", "backbone": "resnet18", "size": [64, 64], "options": {"score_thresh": 0.5}}
    detector = build("torchvision-detection", **parameters).eval()
    with torch.no_grad():
        # Sure of itself, so that a plain image differs from noise.
        detector.network.head.classification_head.cls_logits.weight.mul_(50)
        detector.network.head.regression_head.bbox_reg.bias.add_(1)
    trained = Trained(Use("standard/torchvision-detection", parameters), "detection", detector, detector, {})
    noise, plain = batch(NO_BOXES, shape=(64, 64)), batch(NO_BOXES, shape=(64, 64))
    plain.inputs.pixels.fill_(0.5)
    opened = Onnx().open(Onnx().write(trained, noise, tmp_path))
    with torch.no_grad():
        (expected,), (found,) = detector(noise.inputs.pixels), opened.predict(noise)
    assert len(expected) > 20 and same_rows(*[(each.boxes, each.labels, each.scores) for each in (expected, found)])
    assert [len(each) for each in opened.predict(plain)] == [0]


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("torchvision-detection", {"architecture": "fasterrcnn"}, "no detector of torchvision 'fasterrcnn'"),
        ("torchvision-detection", {"architecture": "maskrcnn_resnet50_fpn"}, "no detector of torchvision"),
        ("torchvision-detection", {"architecture": "fcos_resnet50_fpn", "backbone": "resnet19"}, "'resnet19': the nearest are resnet1"),
        ("torchvision-detection", {"architecture": "ssd300_vgg16", "backbone": "resnet18"}, "ssd300_vgg16 has its own"),
        (
            "torchvision-detection",
            {"architecture": "fcos_resnet50_fpn", "backbone": "resnet18", "pretrained": "default"},
            "the weights of fcos_resnet50_fpn do not fit one on resnet18",
        ),
        pytest.param("ultralytics", {"architecture": "yolov8q"}, "'yolov8q': the nearest are yolov8", marks=needs_ultralytics),
        pytest.param("ultralytics", {"architecture": "yolov8n-seg"}, "no detector of ultralytics", marks=needs_ultralytics),
        pytest.param("ultralytics", {"pretrained": "yolov8n"}, "pretrained=none", marks=needs_ultralytics),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(name: str, parameters: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build(name, **parameters)


def test_classes_beyond_the_models_are_refused_and_boxes_without_area_left_out() -> None:
    detector = build("torchvision-detection", architecture="ssdlite320_mobilenet_v3_large", classes=1).train()
    with pytest.raises(DataError, match="class 1; the model was made with classes = 1"):
        detector.training_step(batch(TWO_BOXES, NO_BOXES), None, "all")
    flat = Boxes(torch.tensor([[5.0, 5.0, 5.0, 30.0]]), torch.tensor([0]))
    assert len(detector.targets([flat], torch.zeros(1, 1, 64, 64), 1)[0]) == 0


@needs_ultralytics
def test_ultralytics_leaves_no_trace(tmp_path: Path) -> None:
    """In a fresh process with an empty home: no file, no question to the network, no changed setting of other libraries."""
    code = """
import os, socket
import cv2, numpy, torch
from PIL import Image
def refuse(*args, **given):
    raise SystemExit("asked the network")
socket.getaddrinfo = socket.create_connection = refuse
def state():
    patched = torch.save, Image.open, cv2.imread, cv2.imwrite, cv2.imshow
    return dict(os.environ), *patched, numpy.get_printoptions(), repr(torch.tensor([1.0, 2.5]))
before = state()
from medai import api
from medai._cli import cli
api.build("standard/ultralytics", architecture="yolov8n")
after = state()
assert before == after, [pair for pair in zip(before, after) if pair[0] != pair[1]]
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "MPLCONFIGDIR": str(tmp_path / "mpl")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path, timeout=300)
    assert not [path for path in home.rglob("*") if path.is_file()]


@needs_ultralytics
def test_ultralytics_trains_an_epoch_from_a_users_file_on_stub_data(tmp_path: Path) -> None:
    recipe = tmp_path / "yolo.toml"
    recipe.write_text(
        """
        task = "detection"
        model = {use = "standard/ultralytics", architecture = "yolov8n", classes = 2, size = [64, 64]}
        data.images.folder = {use = "standard/coco"}
        train = {batch = 2, epochs = 1, optimizers = {all = {use = "AdamW", lr = 1e-3}}}
        """,
        encoding="utf-8",
    )
    runs = tmp_path / "runs"
    result = CliRunner().invoke(cli, ["run", str(recipe), "--stub", "--device", "cpu", "--out", str(runs)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (run,) = [path for path in runs.iterdir() if path.is_dir()]
    steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert max(step["epoch"] for step in steps if "epoch" in step) >= 1
    assert (run / "summary.json").is_file() and list((run / "checkpoints").iterdir())
    shown = CliRunner().invoke(cli, ["show", "standard/ultralytics"], catch_exceptions=False).output
    assert "AGPL-3.0" in shown and "medai-standard[ultralytics]" in shown


@needs_ultralytics
def test_a_file_of_that_name_in_the_current_folder_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "yolov8n.yaml").write_text("nc: nonsense", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert sum(weight.numel() for weight in build("ultralytics", classes=80, channels=3).parameters()) == 3_157_200
