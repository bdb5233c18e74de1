"""A blur."""

import torch
from scipy.ndimage import gaussian_filter

from medai.tasks import Batch, Image


class Smooth:
    """Gaussian smoothing along the last two axes.

    Args:
        sigma: in pixels; 0 gives the input back.
    """

    def __init__(self, sigma: float = 1.0) -> None:
        self.sigma = sigma

    def predict(self, batch: Batch) -> list[Image]:
        pixels = batch.inputs.pixels.cpu().numpy()
        smooth = torch.from_numpy(gaussian_filter(pixels, (*(0,) * (pixels.ndim - 2), self.sigma, self.sigma)))
        return [Image(picture, batch.inputs.unit) for picture in smooth]
