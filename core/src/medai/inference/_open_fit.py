"""A letterbox in a graph whose image sizes are open."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from medai.inference._fit import Fit, rounded


class OpenFit(Fit):
    """`Fit` of an image whose height and width a tracer (`torch.export`, ONNX) leaves open: the same numbers from other operations.

    What follows from the sizes is calculated as tensors () of int64, so that the tracer takes none of it for a constant. Resampling is a
    product with a matrix for each axis: resizing operations change with the direction, and few readers of ONNX have the antialiased one.
    """

    @classmethod
    def around(cls, height: Any, width: Any, size: tuple[int, int]) -> OpenFit:
        """The letterbox of an image whose sides are `torch.SymInt`, or tensors (), in a frame of `size` (h, w)."""
        sides = torch.full((), height), torch.full((), width)
        scale: Any = torch.minimum(size[0] / sides[0], size[1] / sides[1])
        start: Any = [(side - inner) // 2 for side, inner in zip(size, _inner(sides, size), strict=True)]
        return cls(shape=(height, width), size=size, scale=scale, top=start[0], left=start[1])

    @property
    def inner(self) -> Any:
        """Height and width of the image within the frame, as tensors ()."""
        return _inner(self._sides, self.size)

    def image(self, pixels: Tensor, fill: float = 0.0) -> Tensor:
        """As `Fit.image`."""
        matrices, insides = [], []
        for side, inner, (whole, frame) in zip(self._sides, self.inner, self._places(pixels.device), strict=True):
            matrices.append(_weights(frame, whole, inner, side).to(pixels.dtype))
            insides.append(_within(frame, inner))
        fitted = matrices[0] @ pixels @ matrices[1].T
        return fitted if fill == 0 else torch.where(insides[0][:, None] & insides[1], fitted, fill)

    def labels(self, labels: Tensor, fill: int = 0) -> Tensor:
        """As `Fit.labels`."""
        insides = []
        for axis, side, inner, (_, frame) in zip((-2, -1), self._sides, self.inner, self._places(labels.device), strict=True):
            nearest = (2 * frame + 1) * side // (2 * inner)
            labels = labels.index_select(axis, torch.minimum(nearest.clamp_min(0), side - 1))
            insides.append(_within(frame, inner))
        return torch.where(insides[0][:, None] & insides[1], labels, fill)

    def restore(self, maps: Tensor) -> Tensor:
        """As `Fit.restore`."""
        along = zip(self._sides, self.inner, self._places(maps.device), strict=True)
        rows, columns = (_weights(whole, frame, side, inner).to(maps.dtype) for side, inner, (whole, frame) in along)
        return rows @ maps @ columns.T

    @property
    def _sides(self) -> tuple[Tensor, Tensor]:
        return torch.full((), self.shape[0]), torch.full((), self.shape[1])

    def _places(self, device: torch.device) -> list[tuple[Tensor, Tensor]]:
        """For each axis the places of the image's pixels and of the frame's, counted from where the image begins."""
        along = zip(self.shape, self.size, (self.top, self.left), strict=True)
        return [(torch.arange(whole, device=device), torch.arange(frame, device=device) - start) for whole, frame, start in along]

    def _along_boxes(self, boxes: Tensor) -> tuple[Tensor, Tensor]:
        down, across = (inner / side for inner, side in zip(self.inner, self._sides, strict=True))
        top, left = torch.as_tensor(self.top), torch.as_tensor(self.left)
        return torch.stack([across, down, across, down]).to(boxes), torch.stack([left, top, left, top]).to(boxes)

    def _border(self, boxes: Tensor) -> Tensor:
        height, width = self._sides
        return torch.stack([width, height, width, height]).to(boxes)


def _inner(sides: tuple[Tensor, Tensor], size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    (height, width), (frame_height, frame_width) = sides, size
    return rounded(height * frame_width, width).clamp(1, frame_height), rounded(width * frame_height, height).clamp(1, frame_width)


def _within(places: Tensor, length: Tensor) -> Tensor:
    return (places >= 0) & (places < length)


def _weights(to: Tensor, of: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """How much of each pixel `of` (n,) an axis of length `old` goes into each pixel `to` (m,) of the same at length `new`, float32 (m, n);
    nothing to or from pixels that are not on it.

    A triangle as wide as the wider of both pixels, as of torch's bilinear resizing with antialiasing: centres and widths in units of half a
    pixel of the finest grid that holds both are whole numbers.
    """
    apart = ((2 * of + 1) * new - (2 * to[:, None] + 1) * old).abs()
    near = (2 * torch.maximum(new, old) - apart).clamp_min(0) * (_within(to, new)[:, None] & _within(of, old))
    return near / near.sum(1, keepdim=True).clamp_min(1)
