"""Public checkpoints, made by the public constructors with random weights, give the same numbers inside other networks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
import torchvision
from torch import Tensor, nn

from medai.errors import DataError
from medai.weights import load_into
from medai_standard.models.published import RESNET_ENCODER, TIMM_ENCODER, VGG_FEATURES

PIXELS = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def drawn(module: nn.Module) -> nn.Module:
    """Weights and statistics of their own, so that no two networks agree by chance."""
    torch.manual_seed(1)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) * 0.1 + (0.5 if tensor.ndim == 1 else -0.05))
    return module.eval()


def stages(resnet: nn.Module) -> Iterator[Tensor]:
    """What a ResNet's stem and four stages answer."""
    features = resnet.conv1(PIXELS)
    features = (resnet.act1 if hasattr(resnet, "act1") else resnet.relu)(resnet.bn1(features))
    yield features
    features = resnet.maxpool(features)
    for stage in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4):
        features = stage(features)
        yield features


@torch.no_grad()
def test_torchvisions_resnet_is_an_encoder_of_segmentation_models_pytorch() -> None:
    public, encoder = drawn(torchvision.models.resnet18()), smp.encoders.get_encoder("resnet18", weights=None).eval()
    load_into(encoder, public.state_dict(), RESNET_ENCODER, example=PIXELS)
    for found, expected in zip(encoder(PIXELS)[1:], stages(public), strict=True):
        torch.testing.assert_close(found, expected)


@torch.no_grad()
def test_timms_resnet_is_an_encoder_too() -> None:
    public, encoder = drawn(timm.create_model("resnet18")), smp.encoders.get_encoder("tu-resnet18", weights=None).eval()
    load_into(encoder, public.state_dict(), TIMM_ENCODER, example=PIXELS)
    for found, expected in zip(encoder(PIXELS)[1:], stages(public), strict=True):
        torch.testing.assert_close(found, expected)


@torch.no_grad()
def test_vgg19_is_loaded_as_its_features_alone() -> None:
    with torch.device("meta"):
        public = torchvision.models.vgg19()
    # Its classifier alone is 500 MB: only names and shapes of it are needed here.
    convolutions = drawn(_features())
    tensors = {f"features.{name}": value for name, value in convolutions.state_dict().items()}
    tensors |= {name: torch.empty(0) for name in public.state_dict() if name.startswith("classifier.")}
    assert set(tensors) == set(public.state_dict())
    features = _features().eval()
    load_into(features, tensors, VGG_FEATURES, example=PIXELS)
    torch.testing.assert_close(features(PIXELS), convolutions(PIXELS))


def test_another_depth_is_refused_by_its_shapes() -> None:
    public = torchvision.models.resnet18().state_dict()
    with pytest.raises(DataError, match=r"layer1\.0\.conv1\.weight is"):
        load_into(smp.encoders.get_encoder("resnet50", weights=None), public, RESNET_ENCODER)


def _features() -> nn.Module:
    return torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["E"])
