"""Detectors of torchvision whose backbone alone starts from published weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torchvision.models.vgg import cfgs, make_layers

from medai import api
from medai.errors import DataError, EnvironmentFault, UsageError
from medai.inference import IMAGENET


@pytest.fixture(autouse=True)
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror, an empty cache, and no network."""

    def fetch(weights: object, target: Path) -> None:
        raise EnvironmentFault("no network")

    monkeypatch.setattr("medai.weights._find.fetch", fetch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("MEDAI_WEIGHTS", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def publish(network: str, member: str, held: Mapping[str, torch.Tensor], mirror: Path) -> None:
    """Put tensors where torchvision's weights would lie that were converted."""
    address = torchvision.models.get_model_weights(network)[member].url
    first = re.search(r"-([0-9a-f]{8})\.pth", address)
    assert first is not None
    path = mirror / "torchvision" / f"{network}.{member}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in held.items()}, path, {"source_sha256": first[1] + "0" * 56})


def build(architecture: str, **parameters: object) -> Any:
    return api.build("standard/torchvision-detection", architecture=architecture, **parameters)


@pytest.mark.parametrize("architecture", ["fasterrcnn_resnet50_fpn", "fcos_resnet50_fpn"])
def test_a_resnet_starts_from_those_of_its_name(architecture: str, mirror: Path) -> None:
    held = torchvision.models.resnet18().state_dict()
    publish("resnet18", "IMAGENET1K_V1", held, mirror)
    for name in ("backbone", "IMAGENET1K_V1"):
        detector = build(architecture, backbone="resnet18", pretrained=name)
        own = detector.network.backbone.body.state_dict()
        assert own and all(torch.equal(value, held[key]) for key, value in own.items())
        assert detector.mean.flatten().tolist() == pytest.approx([sum(IMAGENET[0]) / 3])
        assert all(weight.requires_grad for weight in detector.parameters())


def test_a_mobilenet_starts_from_those_of_its_name(mirror: Path) -> None:
    held = torchvision.models.mobilenet_v3_large().state_dict()
    publish("mobilenet_v3_large", "IMAGENET1K_V1", held, mirror)
    own = build("fasterrcnn_mobilenet_v3_large_fpn", pretrained="backbone").network.backbone.body.state_dict()
    assert own and all(torch.equal(value, held[f"features.{key}"]) for key, value in own.items())


def test_ssd_starts_from_the_convolutions_of_vgg_and_sees_pictures_as_they_did(mirror: Path) -> None:
    vgg = make_layers(cfgs["D"])
    publish("vgg16", "IMAGENET1K_FEATURES", {f"features.{name}": value for name, value in vgg.state_dict().items()}, mirror)
    detector = build("ssd300_vgg16", channels=3, size=[64, 64], pretrained="backbone")
    first, fifth = detector.network.backbone.features, detector.network.backbone.extra[0]
    given = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(fifth[:-1](first(given)), vgg[:-1](given))
    # Pictures in 0..255 without their mean, as those that these weights were learnt on.
    scaled = detector.scaled(torch.ones(1, 3, 1, 1)).flatten()
    assert scaled.tolist() == pytest.approx([255 * (1 - mean) for mean in (0.48235, 0.45882, 0.40784)], rel=1e-4)


def test_weights_of_another_backbone_are_refused(mirror: Path) -> None:
    publish("resnet18", "IMAGENET1K_V1", torchvision.models.resnet34().state_dict(), mirror)
    with pytest.raises(DataError, match="do not fit"):
        build("retinanet_resnet50_fpn", backbone="resnet18", pretrained="backbone")


@pytest.mark.parametrize(
    ("architecture", "parameters", "told"),
    [
        ("ssd300_vgg16", {}, "torchvision/vgg16.IMAGENET1K_FEATURES"),
        ("retinanet_resnet50_fpn", {}, "torchvision/resnet50.IMAGENET1K_V1"),
        ("fcos_resnet50_fpn", {"backbone": "resnet34"}, "torchvision/resnet34.IMAGENET1K_V1"),
    ],
)
def test_weights_that_are_nowhere_are_an_error_that_helps(architecture: str, parameters: dict[str, str], told: str) -> None:
    with pytest.raises(EnvironmentFault, match=r"--set model\.pretrained=none") as error:
        build(architecture, pretrained="backbone", **parameters)
    assert told in str(error.value)


def test_what_there_is_not_is_said_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="there are default, COCO_V1, backbone, IMAGENET1K_V1, IMAGENET1K_V2"):
        build("fcos_resnet50_fpn", pretrained="IMAGENET1K_V9")
    with pytest.raises(UsageError, match="do not fit one on resnet18; its own: backbone"):
        build("fcos_resnet50_fpn", backbone="resnet18", pretrained="COCO_V1")
    with pytest.raises(UsageError, match="smaller mobilenet_v3_large"):
        build("ssdlite320_mobilenet_v3_large", pretrained="backbone")
