"""The models, and data that are too dark for some of them."""

import torch
from torch import nn

from medai.api import Use
from medai.tasks import Case, Image, Mask, Origin, Sample


class Dark:
    def cases(self):
        return [Case(f"c{number}", f"p{number}") for number in range(8)]

    def read(self, case, rng):
        pixels = torch.full((1, 32, 32), 0.001 * int(case.id[1:]))
        return Sample(case, Image(pixels, "0..1", Origin(spacing=(1.0, 1.0))), Mask((pixels[0] > 0).long()))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, image):
        self.look(image)
        return self.layer(image)

    def look(self, image):
        pass


class RefusesTheRecipe(Net):
    def look(self, image):
        if float(image.max()) < 0.1:
            raise ValueError("too dark")


class PartOfAnother(RefusesTheRecipe):
    pass


class Whole(Net):
    def __init__(self, part: Use):
        super().__init__()


class FailsEverywhere(Net):
    def look(self, image):
        words = "too dark" if float(image.max()) < 0.1 else f"not for {image.numel()} values"
        raise ValueError(words)


class BreaksInItsStep(Net):
    def training_step(self, batch, loss, turn):
        raise ValueError("class values must be smaller than 1")
