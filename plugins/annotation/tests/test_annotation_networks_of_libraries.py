"""Networks of libraries with an image as their answer."""

from collections.abc import Callable

import pytest
import segmentation_models_pytorch as smp
import torch
import torchvision
from torch import nn

from medai.errors import UsageError
from medai_annotation.models.of_libraries import DeepLabV3, Fcn, LinkNet, MANet, UNetPlusPlus
from medai_annotation.models.remover import Remover

SMALL: dict[str, Callable[[], Remover]] = {
    "fcn-101": lambda: Fcn(backbone="resnet50"),
    "deeplabv3": lambda: DeepLabV3(backbone="mobilenet_v3_large"),
    "linknet": lambda: LinkNet(encoder="resnet18"),
    "manet": lambda: MANet(encoder="resnet18"),
    "unet-plus-plus": lambda: UNetPlusPlus(encoder="resnet18"),
}
THEIRS: dict[str, Callable[[], nn.Module]] = {
    "fcn-101": lambda: torchvision.models.segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=3),
    "deeplabv3": lambda: torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3),
    "linknet": lambda: smp.Linknet("resnet18", encoder_weights=None, classes=3),
    "manet": lambda: smp.MAnet("resnet18", encoder_weights=None, classes=3),
    "unet-plus-plus": lambda: smp.UnetPlusPlus("resnet18", encoder_weights=None, classes=3),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_answer_is_the_librarys_own(name: str) -> None:
    torch.manual_seed(0)
    ours, theirs = SMALL[name]().eval(), THEIRS[name]().eval()
    held = ours.state_dict()
    theirs.load_state_dict({key.removeprefix("network."): held[key] for key in held if key.startswith("network.")})
    pixels = torch.rand(1, 3, 64, 32)
    with torch.no_grad():
        answer = theirs(pixels)
        torch.testing.assert_close(ours(pixels), answer["out"] if isinstance(answer, dict) else answer)


@pytest.mark.parametrize("name", SMALL)
def test_any_size_is_learnt_from_and_a_gradient_reaches_every_parameter(name: str) -> None:
    torch.manual_seed(0)
    network = SMALL[name]()
    answer = network(torch.rand(1, 3, 33, 47))
    assert answer.shape == (1, 3, 33, 47)
    answer.square().mean().backward()
    assert [name for name, value in network.named_parameters() if value.requires_grad and value.grad is None] == []


@pytest.mark.parametrize(
    ("build", "parameters"),
    [(Fcn, 51_939_907), (DeepLabV3, 58_626_371), (LinkNet, 21_772_003), (MANet, 31_783_923), (UNetPlusPlus, 26_078_899)],
)
def test_by_default_they_stand_on_what_the_study_means(build: Callable[[], Remover], parameters: int) -> None:
    with torch.device("meta"), pytest.MonkeyPatch.context() as patch:
        # Of the count alone, nothing needs to be computed.
        patch.setattr("medai_annotation.models.of_libraries._freeze_unused", lambda remover: None)
        assert sum(value.numel() for value in build().parameters()) == parameters


def test_what_no_answer_depends_on_is_frozen() -> None:
    network = LinkNet(encoder="mobilenet_v2")
    answer = network(torch.rand(2, 3, 32, 32)).square().mean()
    answer.backward()
    trained = [value for value in network.parameters() if value.requires_grad]
    assert trained and all(value.grad is not None for value in trained)


@pytest.mark.parametrize("build", [lambda: DeepLabV3(1, backbone="mobilenet_v3_large"), lambda: LinkNet(1, encoder="resnet18")])
def test_grey_images_alone_are_taken_by_one_channel(build: Callable[[], Remover]) -> None:
    with torch.no_grad():
        assert build().eval()(torch.rand(1, 1, 32, 40)).shape == (1, 1, 32, 40)


def test_what_the_library_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match="torchvision has mobilenet_v3_large, resnet101, resnet50"):
        Fcn(backbone="vgg16")
    with pytest.raises(UsageError, match=r"encoder = 'resnet19'.*resnet18"):
        LinkNet(encoder="resnet19")
    with pytest.raises(UsageError, match="encoder = 'mit_b0'"):
        LinkNet(encoder="mit_b0")
