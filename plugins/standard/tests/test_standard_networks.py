"""Networks of timm, segmentation-models-pytorch and torchvision: one contract, over the architectures that a run here can afford."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
import torchvision
from torch import nn

from medai import api
from medai.errors import DataError, UsageError
from medai.tasks import Batch, Case, Image, Mask, Sample

Build = Callable[[], nn.Module]

ATTENTION = {"decoder_attention_type": "scse"}
CLASSIFIERS = [
    ("timm", {"architecture": "resnet10t"}),
    ("timm", {"architecture": "convnext_atto"}),
    ("timm", {"architecture": "vit_tiny_patch16_224", "size": [64, 64], "options": {"depth": 2}}),
    ("torchvision-classification", {"architecture": "resnet18"}),
    ("torchvision-classification", {"architecture": "shufflenet_v2_x0_5"}),
    ("torchvision-classification", {"architecture": "mobilenet_v3_small", "size": [64, 48]}),
]
MAPS = [
    *(("segmentation-models-pytorch", {"architecture": name, "encoder": "resnet18"}) for name in ("Unet", "DeepLabV3+", "PSPNet", "PAN")),
    ("segmentation-models-pytorch", {"architecture": "FPN", "encoder": "tu-mobilenetv3_small_050", "size": [64, 64]}),
    (
        "segmentation-models-pytorch",
        {"architecture": "Unet++", "encoder": "resnet18", "encoder_depth": 3, "decoder_attention_type": "scse"},
    ),
    ("torchvision-segmentation", {"architecture": "lraspp_mobilenet_v3_large"}),
    ("torchvision-segmentation", {"architecture": "deeplabv3_mobilenet_v3_large", "auxiliary": 0.0}),
]
SHAPES = [(2, 1, 64, 64), (1, 1, 40, 70)]


def build(name: str, **parameters: object) -> nn.Module:
    torch.manual_seed(0)
    return api.build(f"standard/{name}", **parameters)


def named(case: object) -> str | None:
    return "-".join(map(str, case.values())).replace(" ", "") if isinstance(case, dict) else None


def is_sound(make: Build, answers: Callable[[tuple[int, ...]], tuple[int, ...]]) -> None:
    """What every network here must do."""
    network = make()
    for shape in SHAPES:
        pixels = torch.rand(shape)
        network.train()
        network.zero_grad()
        output = network(pixels)
        assert output.shape == answers(shape) and output.dtype == torch.float32
        output.square().mean().backward()
        without = [name for name, weight in network.named_parameters() if weight.requires_grad and weight.grad is None]
        assert not without
        assert all(bool(torch.isfinite(weight.grad).all()) for weight in network.parameters() if weight.grad is not None)
        network.eval()
        with torch.no_grad():
            output = network(pixels)
            alone = torch.cat([network(each[None]) for each in pixels])
            assert torch.allclose(output, alone, atol=1e-4 * max(1.0, float(output.abs().max())))
    other = make()
    other.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert torch.equal(other.eval()(pixels), network(pixels))


@pytest.mark.parametrize(("name", "parameters"), CLASSIFIERS, ids=named)
def test_classifiers(name: str, parameters: dict[str, object]) -> None:
    is_sound(lambda: build(name, classes=3, **parameters), lambda shape: (shape[0], 3))


@pytest.mark.parametrize(("name", "parameters"), MAPS, ids=named)
def test_networks_of_maps_answer_on_the_grid_of_their_input(name: str, parameters: dict[str, object]) -> None:
    is_sound(lambda: build(name, classes=3, **parameters), lambda shape: (shape[0], 3, *shape[2:]))


def test_image_to_image_starts_at_its_input_and_keeps_what_the_window_clamps() -> None:
    make = lambda: build("image-to-image", encoder="resnet18", window=[-160.0, 240.0])  # noqa: E731
    is_sound(make, lambda shape: shape)
    hu = torch.rand(1, 1, 40, 50) * 3000 - 1000
    with torch.no_grad():
        assert float((make().eval()(hu) - hu).abs().max()) < 20


def test_volumes_are_answered_slice_by_slice_or_refused() -> None:
    volume = torch.rand(1, 1, 3, 32, 40)
    for name, parameters in (("segmentation-models-pytorch", {"encoder": "resnet18"}), ("image-to-image", {"encoder": "resnet18"})):
        network = build(name, **parameters).eval()
        with torch.no_grad():
            assert torch.equal(network(volume)[:, :, 1], network(volume[:, :, 1]))
    with pytest.raises(DataError, match=r"\(1, 1, 3, 32, 40\), a volume; Timm takes images in two dimensions"):
        build("timm", architecture="resnet10t")(volume)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("timm", {"architecture": "resnet18"}), lambda: timm.create_model("resnet18", in_chans=1, num_classes=2)),
        (("torchvision-classification", {"channels": 3}), lambda: torchvision.models.resnet18(num_classes=2)),
        (("segmentation-models-pytorch", {"encoder": "resnet18"}), lambda: smp.Unet("resnet18", 5, None, in_channels=1, classes=2)),
        (
            ("torchvision-segmentation", {"channels": 3, "architecture": "deeplabv3_mobilenet_v3_large"}),
            lambda: torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(
                weights=None, weights_backbone=None, num_classes=2, aux_loss=True
            ),
        ),
    ],
    ids=["timm", "torchvision", "smp", "torchvision-segmentation"],
)  # fmt: skip
def test_parameters_are_those_of_the_library(ours: tuple[str, dict[str, object]], theirs: Build) -> None:
    count = lambda network: sum(weight.numel() for weight in network.parameters())  # noqa: E731
    assert count(build(ours[0], **ours[1])) == count(theirs())


def test_physical_units_go_in_and_the_window_is_clamped() -> None:
    network = build("timm", architecture="resnet10t", window=[-100.0, 300.0]).eval()
    hu = torch.tensor([-1000.0, -100.0, 100.0, 300.0, 3000.0]).expand(1, 1, 4, 5)
    assert network.scaled(hu)[0, 0, 0].tolist() == [-2.0, -2.0, 0.0, 2.0, 2.0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network.scaled(hu).dtype == torch.float32
        assert network(torch.rand(1, 1, 64, 64)).dtype == torch.float32


def test_training_on_hu_without_a_window_is_refused() -> None:
    class Feed:
        def samples(self, epoch: int = 0):
            yield Sample(Case("a", "a"), Image(torch.zeros(1, 8, 8), "HU"))

    with pytest.raises(UsageError, match="give the model a window"):
        build("timm", architecture="resnet10t").prepare(Feed())
    build("timm", architecture="resnet10t", window=[-160.0, 240.0]).prepare(Feed())


def test_the_second_head_of_torchvision_learns_by_the_same_loss() -> None:
    network = build("torchvision-segmentation", architecture="deeplabv3_mobilenet_v3_large", auxiliary=0.25).train()
    batch = Batch((Case("a", "a"),), Image(torch.rand(1, 1, 40, 48), "0..1"), Mask(torch.randint(0, 2, (1, 40, 48))))
    losses = network.training_step(batch, None, "all")
    assert set(losses) == {"loss", "auxiliary loss"}
    sum(losses.values()).backward()
    assert all(weight.grad is not None for weight in network.parameters())
    seen = network.training_step(batch, lambda output, target: {"one": output.mean(), "two": output.std()}, "all")
    assert set(seen) == {"one", "two", "auxiliary one", "auxiliary two"}


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("timm", {"architecture": "resnet81"}, "no architecture of timm 'resnet81': the nearest are resnet"),
        ("timm", {"architecture": "hf-hub:timm/resnet18"}, "no architecture of timm"),
        ("timm", {"architecture": "resnet10t", "options": {"drop_rat": 0.1}}, "cannot be built with options"),
        ("timm", {"architecture": "resnet10t", "options": {"in_chans": 2}}, "in_chans is set by the model's own parameters"),
        ("timm", {"architecture": "resnet10t", "window": [3.0, 1.0]}, "window"),
        ("timm", {"architecture": "resnet10t", "channels": 0}, "channels = 0"),
        ("timm", {"architecture": "resnet10t", "size": [0, 4]}, "size"),
        ("torchvision-classification", {"architecture": "resnet17"}, "no classifier of torchvision 'resnet17': the nearest are resnet18"),
        ("torchvision-classification", {"architecture": "vit_b_16", "size": [32, 64]}, "squares"),
        ("torchvision-segmentation", {"architecture": "fcn"}, "no segmentation network of torchvision"),
        ("torchvision-segmentation", {"auxiliary": -1.0}, "auxiliary"),
        ("segmentation-models-pytorch", {"architecture": "UNet"}, "no architecture 'UNet': the nearest are Unet"),
        ("segmentation-models-pytorch", {"encoder": "resnet19"}, "no encoder 'resnet19': the nearest are resnet1"),
        ("segmentation-models-pytorch", {"encoder": "tu-resnet19"}, "no encoder of timm 'resnet19'"),
        (
            "segmentation-models-pytorch",
            {"architecture": "FPN", "decoder_attention_type": "scse"},
            "FPN has no 'decoder_attention_type'; it has decoder_",
        ),
        ("segmentation-models-pytorch", {"options": {"activation": "sigmoid", "classes": 3}}, "classes is set by the model's own"),
        ("segmentation-models-pytorch", {"encoder": "resnet18", "options": {"aux_params": {"classes": 2}}}, "aux_params"),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(name: str, parameters: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build(name, **parameters)


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(DataError, match="3 channels; the model was made with channels = 1"):
        build("timm", architecture="resnet10t")(torch.rand(1, 3, 64, 64))
