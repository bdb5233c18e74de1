"""Networks of libraries that name each pixel's class, with an image as their answer: as many maps as the image has channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segmentation_models_pytorch as smp
import torch
import torchvision
from torch import nn
from torchvision.models.segmentation.fcn import FCNHead

from medai.errors import UsageError
from medai.inference import padded, steady
from medai_annotation.models.remover import Normalisation, Remover

_DEEPLAB = "deeplabv3_"


class OfTorchvision(Remover):
    """A segmentation network of torchvision, drawn at random, without its second head.

    Args:
        head: its last part, by the number of maps that it is given and that it gives; None: DeepLabV3's own.
        backbone: torchvision's name of what it stands on, of those that it has DeepLabV3 on.
        channels: of the images.
        normalisation: as of `Remover`.

    Raises:
        UsageError: torchvision has other backbones alone.
    """

    def __init__(self, head: Callable[[int, int], nn.Module] | None, backbone: str, channels: int, normalisation: Normalisation) -> None:
        super().__init__(channels, normalisation)
        known = [name for name in torchvision.models.list_models(torchvision.models.segmentation) if name.startswith(_DEEPLAB)]
        if _DEEPLAB + backbone not in known:
            there = ", ".join(each.removeprefix(_DEEPLAB) for each in known)
            raise UsageError(f"backbone = {backbone!r}: torchvision has {there}")
        network = torchvision.models.get_model(
            _DEEPLAB + backbone, weights=None, weights_backbone=None, aux_loss=False, num_classes=channels
        )
        if head is not None:
            pyramid = network.classifier[0]
            network.classifier = head(pyramid.convs[0][0].in_channels, channels)
        _take_channels(network, channels)
        self.network = steady(network)

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(scaled)["out"]
        return found


class Fcn(OfTorchvision):
    """FCN (Long et al. 2015, doi:10.1109/CVPR.2015.7298965) on a ResNet-101, torchvision's, with an image as its answer.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says. It answers at an eighth of the size, enlarged.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        backbone: resnet50, resnet101, or mobilenet_v3_large, on which torchvision itself has no FCN: its head on its backbone.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", backbone: str = "resnet101") -> None:
        super().__init__(FCNHead, backbone, channels, normalisation)


class DeepLabV3(OfTorchvision):
    """DeepLabV3 (Chen et al. 2017, arXiv:1706.05587), torchvision's, with an image as its answer.

    The study does not say on which backbone; here as FCN, so that they differ in their heads alone.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says. It answers at an eighth of the size, enlarged.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        backbone: resnet50, resnet101 or mobilenet_v3_large.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", backbone: str = "resnet101") -> None:
        super().__init__(None, backbone, channels, normalisation)


class OfSmp(Remover):
    """A network of segmentation-models-pytorch, drawn at random.

    Args:
        architecture: the library's class.
        encoder: the library's name.
        channels: of the images.
        normalisation: as of `Remover`.

    Raises:
        UsageError: the library has no such encoder, or not for this architecture.
    """

    def __init__(self, architecture: Any, encoder: str, channels: int, normalisation: Normalisation) -> None:
        super().__init__(channels, normalisation)
        try:
            network = architecture(encoder_name=encoder, encoder_weights=None, in_channels=channels, classes=channels)
        except (KeyError, ValueError, RuntimeError) as error:
            raise UsageError(f"encoder = {encoder!r}: {error.args[0] if error.args else error}") from error
        self.multiple = int(network.encoder.output_stride)
        self.network = steady(network)
        _freeze_unused(self)

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(scaled)
        return found


class LinkNet(OfSmp):
    """LinkNet (Chaurasia and Culurciello 2017, arXiv:1707.03718), segmentation-models-pytorch's, with an image as its answer.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        encoder: the library's name; the study does not say which.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", encoder: str = "resnet34") -> None:
        super().__init__(smp.Linknet, encoder, channels, normalisation)


class MANet(OfSmp):
    """MA-Net (Fan et al. 2020, doi:10.1109/ACCESS.2020.3025372), segmentation-models-pytorch's, with an image as its answer.

    The study names this one, multi-scale attention net, and cites another, `annotation/manet-linear-attention`.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        encoder: the library's name; the study does not say which.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", encoder: str = "resnet34") -> None:
        super().__init__(smp.MAnet, encoder, channels, normalisation)


class UNetPlusPlus(OfSmp):
    """U-Net++ (Zhou et al. 2018, doi:10.1007/978-3-030-00889-5_1), segmentation-models-pytorch's, with an image as its answer.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        encoder: the library's name; the study does not say which.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", encoder: str = "resnet34") -> None:
        super().__init__(smp.UnetPlusPlus, encoder, channels, normalisation)


def _take_channels(network: nn.Module, channels: int) -> None:
    """Replace the first convolution by one like it of so many channels, drawn anew, if it is not."""
    old: Any
    name, old = next((name, part) for name, part in network.named_modules() if isinstance(part, nn.Conv2d))
    if old.in_channels == channels:
        return
    parent, _, own = name.rpartition(".")
    new = nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None)
    setattr(network.get_submodule(parent), own, new)


def _freeze_unused(remover: OfSmp) -> None:
    """Freeze what no answer depends on, which some encoders have: several GPUs would wait for its gradient."""
    network = remover.network.eval()
    with torch.enable_grad():
        answer = padded(remover.maps, torch.zeros(1, remover.channels, 32, 32), remover.multiple).sum()
        parameters = list(network.parameters())
        slopes = torch.autograd.grad(answer, parameters, allow_unused=True)
    for parameter, slope in zip(parameters, slopes, strict=True):
        parameter.requires_grad_(slope is not None)
    network.train()
