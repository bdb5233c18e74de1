"""torchvision's FCOS. Its classes count from 0 without a background, as medai's do."""

import torch
from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOS, FCOSHead

from medai.tasks import Batch, Boxes


class Backbone(nn.Module):
    """Two maps, at strides 4 and 8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_channels = channels
        layers = [nn.Conv2d(1, channels, 3, 2, 1), nn.ReLU(), nn.Conv2d(channels, channels, 3, 2, 1), nn.ReLU()]
        self.first = nn.Sequential(*layers)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 2, 1), nn.ReLU())

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        first = self.first(image)
        return {"0": first, "1": self.second(first)}


class Fcos(nn.Module):
    """Grey images (B, 1, 64, 64).

    Args:
        classes: that squares may be of.
        channels: of the backbone's maps.
    """

    def __init__(self, classes: int, channels: int = 32) -> None:
        super().__init__()
        anchors = AnchorGenerator(sizes=((8,), (16,)), aspect_ratios=((1.0,),) * 2)
        self.net = FCOS(
            Backbone(channels),
            classes,
            min_size=64,
            max_size=64,
            image_mean=[0.5],
            image_std=[0.25],
            anchor_generator=anchors,
            head=FCOSHead(channels, 1, classes, num_convs=1),
            score_thresh=0.05,
        )

    def training_step(self, batch: Batch, loss: None, turn: str) -> dict[str, torch.Tensor]:
        targets = [{"boxes": reference.boxes, "labels": reference.labels} for reference in batch.reference]
        return self.net(list(batch.inputs.pixels), targets)

    def predict(self, batch: Batch) -> list[Boxes]:
        return [Boxes(**{key: value.cpu() for key, value in found.items()}) for found in self.net(list(batch.inputs.pixels))]
