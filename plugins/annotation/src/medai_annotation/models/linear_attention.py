"""The multi-attention network: attention over places as a kernel, so that its cost grows with their number and not its square."""

from __future__ import annotations

import torch
import torchvision
from torch import nn
from torch.nn import functional

from medai.errors import UsageError
from medai.inference import steady
from medai_annotation.models.remover import Normalisation, Remover

_ENCODERS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
_EPSILON = 1e-6


class LinearAttentionMANet(Remover):
    """MANet (Li et al. 2022, doi:10.1109/TGRS.2021.3093977), which the study cites, laid out as the authors' code.

    A ResNet; what each of its four stages gives passes kernel attention over places and attention over channels, and is added to what the
    decoder gives at that level. 35,859,755 parameters with ResNet-50 in three colours. The networks of segmentation-models-pytorch have
    another MANet, `annotation/manet`. The authors' start from ImageNet, here from random weights.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        encoder: torchvision's name of the ResNet: resnet18, 34, 50, 101 or 152.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", encoder: str = "resnet50") -> None:
        super().__init__(channels, normalisation, multiple=32)
        if encoder not in _ENCODERS:
            raise UsageError(f"encoder = {encoder!r}: there are {', '.join(_ENCODERS)}")
        resnet = torchvision.models.get_model(encoder, weights=None)
        if channels != 3:
            resnet.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool)
        self.stages = nn.ModuleList([resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4])
        widths = [64 * 2**stage * resnet.layer1[0].expansion for stage in range(4)]
        self.attention = nn.ModuleList(Attention(width) for width in widths)
        self.decoder = nn.ModuleList(DecoderBlock(width, out) for width, out in zip(widths, [widths[0], *widths], strict=False))
        self.head = nn.Sequential(
            nn.ConvTranspose2d(widths[0], 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, channels, 3, padding=1),
        )
        steady(self)

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        features, attended = self.stem(scaled), []
        for stage, attention in zip(self.stages, self.attention, strict=True):
            features = stage(features)
            attended.append(attention(features))
        features = attended.pop()
        for block in list(self.decoder)[:0:-1]:
            features = block(features) + attended.pop()
        found: torch.Tensor = self.head(self.decoder[0](features))
        return found


class Attention(nn.Module):
    """Attention over places and attention over channels, added; each begins as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.places = KernelAttention(channels)
        self.channels = ChannelAttention()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.places(features) + self.channels(features)
        return found


class KernelAttention(nn.Module):
    """Attention over places with softplus in place of the exponential, so that keys meet values first (equations 11 to 13 of its paper).

    Args:
        channels: of the features.
        shrink: by how much queries and keys are narrower.
    """

    def __init__(self, channels: int, shrink: int = 8) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))
        self.query = nn.Conv2d(channels, channels // shrink, 1)
        self.key = nn.Conv2d(channels, channels // shrink, 1)
        self.value = nn.Conv2d(channels, channels, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        query = functional.softplus(self.query(features).flatten(2))
        key = functional.softplus(self.key(features).flatten(2))
        met = self.value(features).flatten(2) @ key.transpose(1, 2)
        whole = (key.sum(2, keepdim=True) + _EPSILON).transpose(1, 2) @ query
        return features + self.gamma * ((met @ query) / whole).reshape(features.shape)


class ChannelAttention(nn.Module):
    """Attention over channels (Fu et al. 2019, doi:10.1109/CVPR.2019.00326): each attends most to those least like it."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        flat = features.flatten(2)
        likeness = flat @ flat.transpose(1, 2)
        weights = (likeness.amax(2, keepdim=True) - likeness).softmax(2)
        return features + self.gamma * (weights @ flat).reshape(features.shape)


class DecoderBlock(nn.Module):
    """A 1x1 convolution to a quarter, a transposed convolution to twice the size, a 1x1 convolution, each with batch norm and ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        inner = channels // 4
        self.narrow, self.norm1 = nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner)
        self.doubling, self.norm2 = nn.ConvTranspose2d(inner, inner, 3, stride=2, padding=1, output_padding=1), nn.BatchNorm2d(inner)
        self.widen, self.norm3 = nn.Conv2d(inner, out, 1), nn.BatchNorm2d(out)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        features = self.norm1(self.narrow(features)).relu()
        features = self.norm2(self.doubling(features)).relu()
        found: torch.Tensor = self.norm3(self.widen(features)).relu()
        return found
