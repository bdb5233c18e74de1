"""A small network, with weights of somebody else's where a file of them is given; and a mean that is asked tile by tile."""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, avg_pool3d

from medai.inference import Fit, flipped, padded, tiled
from medai.tasks import Batch, Image
from medai.weights import KeyMap, Weights, as_safetensors, check, find, load_into, read, sha256

PUBLISHED = Weights(
    name="smith/net",
    license="Apache-2.0",
    source="Smith et al. 2026",
    sha256="0" * 64,
    url="https://example.org/smith.pth",
    megabytes=1,
)
NAMES = KeyMap(name="smith", rules=((r"conv_(in|out)\.(.*)", r"\1.\2"), (r"step", None)), source="https://example.org/smith")


class Net(nn.Module):
    """Takes and gives HU, (B, 1, H, W). `weights` is a file that takes the place of the published ones."""

    def __init__(self, channels: int = 4, weights: str = "", frame: int = 0) -> None:
        super().__init__()
        setattr(self, "in", nn.Conv2d(1, channels, 3, padding=1))
        self.out = nn.Conv2d(channels, 1, 3, padding=1)
        self.frame = frame
        self.weights_sha256 = ""
        if weights:
            path = find(PUBLISHED, as_safetensors(weights), fetching=False)
            load_into(self, read(path), NAMES, example=torch.zeros(1, 1, 8, 8))
            check(self, torch.ones(1, 1, 8, 8))
            self.weights_sha256 = sha256(path)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if self.frame:
            fit = Fit.of(image.shape[-2:], (self.frame, self.frame))
            return fit.restore(self._clean(fit.image(image, fill=-1000.0)))
        return padded(self._clean, image, 4)

    def _clean(self, image: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(getattr(self, "in")(image / 1000))
        return image - 1000 * self.out(hidden)


class Blur:
    """The mean of `size` x `size` pixels, of slices and volumes; learns nothing."""

    def __init__(self, size: int = 3) -> None:
        self.size = size

    def predict(self, batch: Batch) -> list[Image]:
        pixels = batch.inputs.pixels.cpu()
        tile = [max(8, min(16, extent)) for extent in pixels.shape[2:]]
        answer = flipped(lambda given: tiled(self._mean, given, tile=tile, overlap=0.5, margin=2), pixels, [-1])
        return [Image(each, batch.inputs.unit) for each in answer]

    def _mean(self, pixels: torch.Tensor) -> torch.Tensor:
        size, around = self.size, self.size // 2
        if pixels.ndim == 5:
            return avg_pool3d(pixels, (1, size, size), stride=1, padding=(0, around, around), count_include_pad=False)
        return avg_pool2d(pixels, size, stride=1, padding=around, count_include_pad=False)
