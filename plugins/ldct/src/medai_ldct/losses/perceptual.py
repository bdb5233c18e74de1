"""Distances between features of frozen networks."""

from __future__ import annotations

import torch
from torch import nn

from medai.errors import UsageError
from medai_ldct.losses.features import DEFAULT, ResNet50Stages, Vgg19Features
from medai_ldct.models.scale import RANGE, to_unit

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PerceptualLoss(nn.Module):
    """The mean squared difference of VGG-19 features (Yang et al., IEEE Trans. Med. Imaging 37, 2018, 1348, eq. 5).

    The features are those of the sixteenth convolution. Slices come to the network as they do in the authors' code
    (github.com/yyqqss09/ldct_denoising): -1024..3072 HU as 0..1, in three equal channels, less ImageNet's mean; and over its deviation, as
    torchvision's weights were learnt. Output and target are in HU, (B, 1, H, W), H and W at least 16; the value has no unit.

    Args:
        pretrained: weights of VGG-19: `default` for torchvision's, a file, or `none` for random ones, always the same.

    Raises:
        EnvironmentFault: the weights are not on this machine and cannot be fetched.
        DataError: the file is of another network.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, pretrained: str = DEFAULT) -> None:
        super().__init__()
        self.network = Vgg19Features(pretrained)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None], persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(self._picture(output)).float()
        with torch.no_grad():
            wanted = self.network(self._picture(target)).float()
        return (found - wanted).square().mean()

    def _picture(self, hu: torch.Tensor) -> torch.Tensor:
        return (to_unit(hu) - self.mean) / self.deviation


class CompoundLoss(nn.Module):
    """EDCNN's loss (Liang et al., ICSP 2020, 193, eq. 3 to 5): mean squared error, and that of the features of ResNet-50's four stages.

    The features' errors are averaged over the stages. Slices come to the network as in the authors' code (github.com/workingcoder/EDCNN),
    -1024..3072 HU as 0..1 in three equal channels. There both parts are on that scale; here both are multiplied by its range squared, so
    that the first is in HU squared and the weight between them the paper's. Output and target are in HU, (B, 1, H, W).

    Args:
        perceptual: weight of the features' part; 0 leaves it out, and no weights are looked for.
        pretrained: weights of ResNet-50: `default` for torchvision's, a file, or `none` for random ones, always the same.

    Raises:
        UsageError: `perceptual` is below 0.
        EnvironmentFault: the weights are not on this machine and cannot be fetched.
        DataError: the file is of another network.
    """

    def __init__(self, perceptual: float = 0.01, pretrained: str = DEFAULT) -> None:
        super().__init__()
        self.perceptual = at_least_zero("perceptual", perceptual)
        self.network = ResNet50Stages(pretrained) if perceptual else None

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
        found = {"mse": (output.float() - target.float()).square().mean()}
        if self.network is not None:
            found["perceptual"] = self.perceptual * RANGE**2 * self._of_features(self.network, output, target)
        return found

    def _of_features(self, network: nn.Module, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        found = network(_three_channels(output))
        with torch.no_grad():
            wanted = network(_three_channels(target))
        each = [(one.float() - other.float()).square().mean() for one, other in zip(found, wanted, strict=True)]
        return torch.stack(each).mean()


def at_least_zero(name: str, value: float) -> float:
    """A weight.

    Raises:
        UsageError: it is below 0, or no number.
    """
    if not value >= 0:
        raise UsageError(f"{name} = {value}: not 0 or more")
    return value


def _three_channels(hu: torch.Tensor) -> torch.Tensor:
    return to_unit(hu).expand(-1, 3, -1, -1)
