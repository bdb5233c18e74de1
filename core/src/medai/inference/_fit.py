"""Images of any size in one size, and answers back on the image's own grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from medai.errors import UsageError

N = TypeVar("N", int, Tensor)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A letterbox: how an image of one shape lies in a frame of another, its proportions kept, in the middle, the rest filled.

    Pixels are resampled from their areas (corners stay corners, centres need not stay centres), as the field's resizing does.

    Attributes:
        shape: height and width of the image.
        size: height and width of the frame.
        scale: frame pixels to an image pixel.
        top: the row of the frame where the image begins.
        left: the column where it begins.
    """

    shape: tuple[int, int]
    size: tuple[int, int]
    scale: float
    top: int
    left: int

    @classmethod
    def of(cls, shape: Sequence[int], size: Sequence[int]) -> Fit:
        """The largest letterbox of an image of `shape` (H, W) in a frame of `size` (h, w).

        Raises:
            UsageError: a side is below 1.
        """
        (height, width), (frame_height, frame_width) = shape, size
        if isinstance(height, torch.SymInt | Tensor):
            from medai.inference._open_fit import OpenFit

            return OpenFit.around(height, width, (frame_height, frame_width))
        if min(*shape, *size) < 1:
            raise UsageError(f"an image of {height} x {width} in a frame of {frame_height} x {frame_width}: every side is at least 1")
        scale = min(frame_height / height, frame_width / width)
        fit = cls(shape=(height, width), size=(frame_height, frame_width), scale=scale, top=0, left=0)
        inner_height, inner_width = fit.inner
        return cls(
            shape=fit.shape, size=fit.size, scale=scale, top=(frame_height - inner_height) // 2, left=(frame_width - inner_width) // 2
        )

    @property
    def inner(self) -> tuple[int, int]:
        """Height and width of the image within the frame, whole pixels, halves to the even one."""
        (height, width), (frame_height, frame_width) = self.shape, self.size
        # In whole numbers, and not by `scale`: a graph whose sizes are open has to come to the same.
        down, across = rounded(height * frame_width, width), rounded(width * frame_height, height)
        return max(1, min(frame_height, down)), max(1, min(frame_width, across))

    def image(self, pixels: Tensor, fill: float = 0.0) -> Tensor:
        """Pixels (..., H, W), floating point, as (..., h, w): bilinear, antialiased where it shrinks; `fill` around. Differentiable."""
        return functional.pad(_resampled(pixels, self.inner), self._around, value=fill)

    def labels(self, labels: Tensor, fill: int = 0) -> Tensor:
        """Labels (..., H, W), of any dtype, as (..., h, w): the nearest, `fill` around them."""
        for axis, (new, old) in enumerate(zip(self.inner, self.shape, strict=True), start=-2):
            # The centre of each new pixel lies in one old pixel, to be found in whole numbers.
            nearest = (2 * torch.arange(new, device=labels.device) + 1) * old // (2 * new)
            labels = labels.index_select(axis, nearest)
        return functional.pad(labels, self._around, value=fill)

    def boxes(self, boxes: Tensor) -> Tensor:
        """Boxes (..., 4), xyxy in pixels of the image, as boxes in pixels of the frame."""
        factor, offset = self._along_boxes(boxes)
        return boxes * factor + offset

    def restore(self, maps: Tensor) -> Tensor:
        """Maps (..., h, w), floating point, of the frame as maps (..., H, W) of the image. Differentiable."""
        height, width = self.inner
        return _resampled(maps[..., self.top : self.top + height, self.left : self.left + width], self.shape)

    def restore_boxes(self, boxes: Tensor) -> Tensor:
        """Boxes (..., 4), xyxy in pixels of the frame, as boxes in pixels of the image, and not beyond its borders."""
        factor, offset = self._along_boxes(boxes)
        return torch.minimum(((boxes - offset) / factor).clamp_min(0), self._border(boxes))

    @property
    def _around(self) -> tuple[int, int, int, int]:
        height, width = self.inner
        return self.left, self.size[1] - width - self.left, self.top, self.size[0] - height - self.top

    def _along_boxes(self, boxes: Tensor) -> tuple[Tensor, Tensor]:
        # Of the rounded size, not `scale`: boxes must stay on what they enclose.
        down, across = self.inner[0] / self.shape[0], self.inner[1] / self.shape[1]
        return boxes.new_tensor([across, down, across, down]), boxes.new_tensor([self.left, self.top, self.left, self.top])

    def _border(self, boxes: Tensor) -> Tensor:
        height, width = self.shape
        return boxes.new_tensor([width, height, width, height])


def rounded(number: N, divisor: N) -> N:
    """Whole numbers divided and rounded, halves to the even one, exactly."""
    return (2 * number + divisor - 1 + number // divisor % 2) // (2 * divisor)


def _resampled(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """(..., H, W) in another size; as it is where it has that size."""
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    shrinks = size[0] < pixels.shape[-2] or size[1] < pixels.shape[-1]
    planes = pixels if pixels.ndim == 4 else pixels.reshape(1, -1, *pixels.shape[-2:])
    resized = functional.interpolate(planes, size, mode="bilinear", align_corners=False, antialias=shrinks)
    return resized if pixels.ndim == 4 else resized.reshape(*pixels.shape[:-2], *size)
