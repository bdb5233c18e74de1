"""Networks that are never trained, whose features losses compare: VGG-19 and ResNet-50, learnt on ImageNet by torchvision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from medai.errors import EnvironmentFault
from medai.weights import Weights, as_safetensors, find, load_into, read

DEFAULT = "default"
NONE = "none"
_VGG19 = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))


class Vgg19Features(nn.Module):
    """VGG-19 up to its sixteenth and last convolution, without the ReLU after it: 20,024,384 parameters, frozen.

    Takes pictures on ImageNet's scale, float32 (B, 3, H, W) with H and W at least 16, and gives (B, 512, H / 16, W / 16).

    Args:
        pretrained: `default`: torchvision's `IMAGENET1K_V1`, from a mirror, a cache or the network. A file of weights of torchvision's
            vgg19 otherwise. `none`: weights drawn at random, always the same.

    Raises:
        EnvironmentFault: the weights are not on this machine and cannot be fetched.
        DataError: the file is of another network.
    """

    def __init__(self, pretrained: str = DEFAULT) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        with _always_the_same():
            for width, count in _VGG19:
                for _ in range(count):
                    layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                    channels = width
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-2])
        if (file := _file("vgg19", torchvision.models.VGG19_Weights.IMAGENET1K_V1, pretrained)) is not None:
            # Its classifier stands in the file too, and what is behind the last convolution has no tensors.
            load_into(self, read(file), allow_unexpected=("classifier.*",))
        self.requires_grad_(False).eval()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.features(pictures)
        return found


class ResNet50Stages(nn.Module):
    """The four stages of ResNet-50, frozen, its batch norms by what they learnt.

    Takes pictures float32 (B, 3, H, W) and gives four maps, of 256, 512, 1024 and 2048 channels, at a quarter to a thirty-second of
    their size.

    Args:
        pretrained: as of `Vgg19Features`, of torchvision's resnet50.

    Raises:
        EnvironmentFault, DataError: as `Vgg19Features`.
    """

    def __init__(self, pretrained: str = DEFAULT) -> None:
        super().__init__()
        with _always_the_same():
            network = torchvision.models.resnet50(weights=None)
        network.fc = nn.Identity()
        if (file := _file("resnet50", torchvision.models.ResNet50_Weights.IMAGENET1K_V1, pretrained)) is not None:
            load_into(network, read(file), allow_missing=("*.num_batches_tracked",), allow_unexpected=("fc.*",))
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.stages = nn.ModuleList([network.layer1, network.layer2, network.layer3, network.layer4])
        self.requires_grad_(False).eval()

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        features, found = self.stem(pictures), []
        for stage in self.stages:
            features = stage(features)
            found.append(features)
        return found


def _file(network: str, member: Any, pretrained: str) -> Path | None:
    """The file of weights that is asked for, as safetensors."""
    if pretrained == NONE:
        return None
    if pretrained != DEFAULT:
        return as_safetensors(pretrained)
    weights = Weights.of_torchvision(network, member)
    try:
        return find(weights)
    except EnvironmentFault as error:
        # What `find` says of going on without is true of a model's weights, not of a loss's.
        raise EnvironmentFault(
            f"the weights {weights.name}, whose features the loss compares, are not on this machine ({error.__cause__ or error}). Get "
            f"{weights.place} (licence: {weights.license}) and put it by that name in a folder that the environment variable MEDAI_WEIGHTS "
            f"names, or give the file: --set loss.pretrained=FILE. Or leave this part of the loss out, with perceptual = 0: "
            f"--set loss.perceptual=0, which the run records as a departure from its recipe"
        ) from error


@contextmanager
def _always_the_same() -> Iterator[None]:
    """Draws the same weights whatever was drawn before, so that a run that goes on compares the same features; the process's own generator
    is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        yield
