"""A detector of one box, and a classifier of its crop."""

import torch
from torch import nn
from torch.nn.functional import smooth_l1_loss

from medai.tasks import Batch, Boxes


class Finder(nn.Module):
    """A heat map whose mean place is the centre of a box of fixed side.

    Args:
        side: of every box, in pixels.
    """

    def __init__(self, side: float = 14.0) -> None:
        super().__init__()
        self.side = side
        self.heat = nn.Sequential(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 1, 5, padding=2))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Centres x, y in pixels, (B, 2), and the greatest heat, (B,)."""
        heat = self.heat(image)
        heat = heat.flatten(1).softmax(1).reshape(heat.shape)[:, 0]
        x, y = (torch.arange(size, device=image.device) + 0.5 for size in reversed(image.shape[-2:]))
        return torch.stack([heat.sum(1) @ x, heat.sum(2) @ y], 1), heat.flatten(1).amax(1)

    def training_step(self, batch: Batch, loss: None, turn: str) -> torch.Tensor:
        boxes = torch.stack([reference.boxes[0] for reference in batch.reference])
        return smooth_l1_loss(self(batch.inputs.pixels)[0], (boxes[:, :2] + boxes[:, 2:]) / 2)

    def predict(self, batch: Batch) -> list[Boxes]:
        centres, heat = (value.cpu() for value in self(batch.inputs.pixels))
        boxes = torch.cat([centres - self.side / 2, centres + self.side / 2], 1)
        return [Boxes(box[None], torch.zeros(1, dtype=torch.int64), score[None]) for box, score in zip(boxes, heat, strict=True)]


class Judge(nn.Module):
    """Two logits for a crop (B, 1, 20, 20), or a larger picture.

    Args:
        channels: of the hidden layers.
    """

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 5, 2),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.Linear(9 * channels, 2),
        )

    def forward(self, crop: torch.Tensor) -> torch.Tensor:
        return self.layers(crop)
