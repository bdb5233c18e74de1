"""Published weights into networks of other libraries: from files, from a mirror; and what is said where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from medai import api
from medai.errors import DataError, EnvironmentFault, UsageError
from medai_standard.models.pretrained import _of_pictures


@pytest.fixture(autouse=True)
def nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache but an empty one, and no network."""

    def fetch(weights: object, target: Path) -> None:
        raise EnvironmentFault("no network")

    monkeypatch.setattr("medai.weights._find.fetch", fetch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MEDAI_WEIGHTS", raising=False)


def saved(network: nn.Module, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    return str(path)


def test_timm_starts_from_a_mirror_and_its_head_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = timm.create_model("resnet10t")
    saved(published, tmp_path / "mirror" / "timm" / "resnet10t.c3_in1k.safetensors")
    monkeypatch.setenv("MEDAI_WEIGHTS", str(tmp_path / "mirror"))
    for name in ("default", "c3_in1k"):
        network = api.build("standard/timm", architecture="resnet10t", classes=3, pretrained=name)
        own, held = network.network.state_dict(), published.state_dict()
        assert torch.equal(own["layer1.0.conv1.weight"], held["layer1.0.conv1.weight"])
        assert torch.allclose(own["conv1.0.weight"], held["conv1.0.weight"].sum(1, keepdim=True), atol=1e-6)
        assert own["fc.weight"].shape[0] == 3
        assert network.mean.flatten().tolist() == pytest.approx([sum(timm.get_pretrained_cfg("resnet10t").mean) / 3])


def test_an_encoder_starts_from_a_file(tmp_path: Path) -> None:
    encoder = smp.encoders.get_encoder("resnet18", weights=None)
    network = api.build("standard/segmentation-models-pytorch", encoder="resnet18", pretrained=saved(encoder, tmp_path / "e.safetensors"))
    own, held = network.network.encoder.state_dict(), encoder.state_dict()
    assert torch.equal(own["layer4.1.conv2.weight"], held["layer4.1.conv2.weight"])
    assert torch.allclose(own["conv1.weight"], held["conv1.weight"].sum(1, keepdim=True))
    with pytest.raises(DataError, match="another encoder"):
        api.build("standard/segmentation-models-pytorch", encoder="vgg11", pretrained=str(tmp_path / "e.safetensors"))


def test_an_encoder_of_timm_starts_from_a_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = timm.create_model("resnet10t")
    saved(published, tmp_path / "timm" / "resnet10t.c3_in1k.safetensors")
    monkeypatch.setenv("MEDAI_WEIGHTS", str(tmp_path))
    network = api.build("standard/image-to-image", encoder="tu-resnet10t", pretrained="default")
    own = network.network.encoder.state_dict()["model.layer1.0.conv1.weight"]
    assert torch.equal(own, published.state_dict()["layer1.0.conv1.weight"])


@pytest.mark.parametrize(
    ("name", "parameters", "build", "tensor"),
    [
        ("torchvision-classification", {"architecture": "resnet18"}, lambda: torchvision.models.resnet18(), "layer1.0.conv1.weight"),
        (
            "torchvision-segmentation",
            {"architecture": "lraspp_mobilenet_v3_large"},
            lambda: torchvision.models.get_model("lraspp_mobilenet_v3_large", weights=None, weights_backbone=None),
            "backbone.1.block.0.0.weight",
        ),
        (
            "torchvision-detection",
            {"architecture": "ssdlite320_mobilenet_v3_large"},
            lambda: torchvision.models.get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None),
            "backbone.features.0.1.block.0.0.weight",
        ),
    ],
)
def test_torchvision_starts_from_a_file_of_other_classes(name, parameters, build, tensor, tmp_path: Path) -> None:
    published = build()
    network = api.build(f"standard/{name}", **parameters, classes=3, pretrained=saved(published, tmp_path / "w.safetensors"))
    assert torch.equal(network.network.state_dict()[tensor], published.state_dict()[tensor])
    other = saved(torchvision.models.squeezenet1_1(), tmp_path / "other.safetensors")
    with pytest.raises(DataError):
        api.build(f"standard/{name}", **parameters, pretrained=other)


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("timm", {"pretrained": "default"}, "timm/resnet18.a1_in1k"),
        ("segmentation-models-pytorch", {"pretrained": "imagenet"}, "smp/resnet34.imagenet"),
        ("torchvision-classification", {"pretrained": "IMAGENET1K_V1"}, "resnet18-f37072fd.pth"),
        ("torchvision-detection", {"architecture": "ssd300_vgg16", "pretrained": "default"}, "torchvision/ssd300_vgg16.COCO_V1"),
    ],
)
def test_weights_that_are_nowhere_are_an_error_that_helps(name: str, parameters: dict[str, object], told: str) -> None:
    with pytest.raises(EnvironmentFault, match=r"--set model\.pretrained=none") as error:
        api.build(f"standard/{name}", **parameters)
    assert told in str(error.value) and "licence" in str(error.value)


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("timm", {"pretrained": "imagenet"}, "there are default, a1_in1k"),
        ("segmentation-models-pytorch", {"pretrained": "coco"}, "there are default, imagenet"),
        ("torchvision-classification", {"pretrained": "COCO_V1"}, "there are default, IMAGENET1K_V1"),
    ],
)
def test_a_name_that_nobody_publishes_is_refused(name: str, parameters: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        api.build(f"standard/{name}", **parameters)


def test_none_is_random_and_a_finished_run_keeps_the_scale_of_the_pictures(tmp_path: Path) -> None:
    started = api.build(
        "standard/timm", architecture="resnet10t", pretrained=saved(timm.create_model("resnet10t"), tmp_path / "w.safetensors")
    )
    opened = api.build("standard/timm", architecture="resnet10t", pretrained="none").eval()
    assert opened.mean.flatten().tolist() == [0.5]
    opened.load_state_dict(started.state_dict())
    pixels = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        assert torch.equal(opened(pixels), started.eval()(pixels))


# Of encoders that timm has too, timm says what they were learnt on: an account that is not the library's.
OF_TIMM = {
    "timm-tf_efficientnet_lite": "tf_efficientnet_lite0.in1k",
    "timm-efficientnet advprop": "tf_efficientnet_b0.ap_in1k",
    "timm-efficientnet noisy-student": "tf_efficientnet_b0.ns_jft_in1k",
    "timm-efficientnet": "tf_efficientnet_b0.aa_in1k",
    "timm-skresn": "skresnet34.ra_in1k",
    "efficientnet advprop": "tf_efficientnet_b0.ap_in1k",
    "efficientnet": "tf_efficientnet_b0.aa_in1k",
    "dpn": "dpn68.mx_in1k",
    "inceptionresnetv2": "inception_resnet_v2.tf_in1k",
    "inceptionv4": "inception_v4.tf_in1k",
    "xception": "legacy_xception.tf_in1k",
    "resnext101 instagram": "resnext101_32x8d.fb_wsl_ig1b_ft_in1k",
    "resne": "resnet50.tv_in1k",
    "se": "legacy_seresnet50.in1k",
    "vgg": "vgg11.tv_in1k",
    "densenet": "densenet121.tv_in1k",
    "mobileone": "mobileone_s0.apple_in1k",
}


@pytest.mark.parametrize("encoder", [name for name in smp.encoders.encoders if not name.startswith(("mit_", "mobilenet"))])
def test_encoders_see_pictures_on_the_scale_that_they_were_learnt_on(encoder: str) -> None:
    for weights in smp.encoders.encoders[encoder]["pretrained_settings"]:
        names = (name for prefix, name in OF_TIMM.items() if encoder.startswith(prefix.split()[0]) and prefix.partition(" ")[2] in weights)
        stated = timm.models.get_pretrained_cfg(next(names))
        mean, deviation = _of_pictures(encoder, weights)
        assert mean == pytest.approx(stated.mean, abs=1e-6) and deviation == pytest.approx(stated.std, abs=1e-6), weights
