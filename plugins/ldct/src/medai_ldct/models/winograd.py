"""Convolutions of 5x5 that multiply less: minimal filtering after Winograd, along the height of a slice.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, 4013: their F(4, 5), in one direction. Four rows of
an answer take eight products of rows in place of twenty. Used on a CPU where no gradient is wanted; everywhere else the layers are
torch's own. (Kernels of three rows are not faster so: what is saved goes into the sums before and after.)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import register_flop_formula

_NAME = "medai_ldct::convolved"
_ROWS, _KERNEL = 4, 5
_POINTS = tuple(Fraction(point) for point in ("0", "1", "-1", "2", "-2", "1/2", "-1/2"))
"""Where the polynomials are evaluated, infinity besides. Two more would save a sixth more products and round ten times as much."""
_AT_ONE = 1
"""What is found at 1 counts once for each row: a bias added there is added to all."""
_STRIP = 300_000
"""Numbers of a strip at each point: with their products they stay in the cache."""
_CHANNELS = 64
"""With fewer, multiplications are not what takes the time."""


class Convolution(nn.Conv2d):
    """`nn.Conv2d`; one of 5x5, stride 1 and 64 channels or more answers by fewer multiplications on a CPU without gradients.

    Those answers, of float32 (B, C, H, W), differ from `nn.Conv2d`'s by rounding, and lie with the channels last in memory.
    """

    def forward(self, features: Tensor) -> Tensor:
        if not _saves(self, features):
            return super().forward(features)
        return convolved(features, self.weight, self.bias, cast("list[int]", self.padding), False)


class TransposedConvolution(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d`, as `Convolution` is `nn.Conv2d`."""

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        if output_size is not None or not _saves(self, features):
            return super().forward(features, output_size)
        return convolved(features, self.weight, self.bias, cast("list[int]", self.padding), True)


def _saves(layer: nn.Conv2d | nn.ConvTranspose2d, features: Tensor) -> bool:
    # Exporters know torch's own layers only.
    if torch.is_grad_enabled() or torch.compiler.is_exporting() or torch.onnx.is_in_onnx_export():
        return False
    if torch.jit.is_tracing():  # type: ignore[attr-defined]  # it is there
        return False
    if features.device.type != "cpu" or features.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
        return False
    plain = layer.stride == layer.dilation == (1, 1) and layer.groups == 1 and layer.padding_mode == "zeros"
    if not plain or isinstance(layer.padding, str) or layer.kernel_size != (_KERNEL, _KERNEL):
        return False
    if features.ndim != 4 or min(features.shape[2:]) < _KERNEL:
        return False
    return max(layer.padding) < _KERNEL and min(layer.in_channels, layer.out_channels) >= _CHANNELS


# To torch.compile it is one operation: unrolled into its strips it would take minutes to compile. (`torch.library.custom_op` would be
# shorter, but imports the whole compiler when it is first called.)
torch.library.define(_NAME, "(Tensor features, Tensor weight, Tensor? bias, int[] padding, bool transposed) -> Tensor")


def convolved(features: Tensor, weight: Tensor, bias: Tensor | None, padding: Sequence[int], transposed: bool) -> Tensor:
    """`conv2d(features, weight, bias, padding=padding)`, or `conv_transpose2d` of the same, of float32 (B, C, H, W) on a CPU.

    Kernels are 5x5, and no gradient comes back.
    """
    found: Tensor = torch.ops.medai_ldct.convolved(features, weight, bias, padding, transposed)
    return found


@torch.library.impl(_NAME, "cpu")
def _convolved(features: Tensor, weight: Tensor, bias: Tensor | None, padding: Sequence[int], transposed: bool) -> Tensor:
    answer = _empty(features, weight, padding, transposed)
    if transposed:
        # It is a convolution with the kernel turned round, padded to where kernel and image just meet.
        height, width = (size - 1 - by for size, by in zip(weight.shape[2:], padding, strict=True))
        weight = weight.transpose(0, 1).flip(2, 3)
    else:
        height, width = padding
    to_points, of_kernel, to_rows = _matrices()
    # Channels last, as the strips are, or oneDNN would copy them again for every strip.
    kernels = torch.einsum("pr,oirs->posi", of_kernel, weight).contiguous().permute(0, 1, 3, 2).unsqueeze(3)
    for image, into in zip(features.permute(0, 2, 3, 1), answer.permute(0, 2, 3, 1), strict=True):
        step = _ROWS * max(1, _STRIP // image[0].numel())
        for top in range(0, len(into), step):
            strip = into[top : top + step]
            fours = -(-len(strip) // _ROWS)
            places = _places(_rows(image, top - height, _ROWS * (fours - 1) + len(to_points)), len(to_points))
            found = to_rows @ _products((to_points @ places.flatten(1)).view_as(places), kernels, bias, width).flatten(1)
            strip.copy_(found.view(_ROWS, fours, *strip.shape[1:]).transpose(0, 1).flatten(0, 1)[: len(strip)])
    return answer


@torch.library.register_fake(_NAME)
def _(features: Tensor, weight: Tensor, bias: Tensor | None, padding: Sequence[int], transposed: bool) -> Tensor:
    return _empty(features, weight, padding, transposed)


@register_flop_formula(torch.ops.medai_ldct.convolved)
def _flops(
    features: list[int], weight: list[int], bias: Any, padding: Any, transposed: bool, *_: Any, out_shape: list[int], **__: Any
) -> int:
    """As torch counts the plain layer: what a network costs is not to depend on who computes it."""
    pixels = features if transposed else out_shape
    return 2 * pixels[0] * pixels[2] * pixels[3] * weight[0] * weight[1] * weight[2] * weight[3]


def _empty(features: Tensor, weight: Tensor, padding: Sequence[int], transposed: bool) -> Tensor:
    more = [(size - 1 - 2 * by) * (1 if transposed else -1) for size, by in zip(weight.shape[2:], padding, strict=True)]
    shape = (features.shape[0], weight.shape[1 if transposed else 0], features.shape[2] + more[0], features.shape[3] + more[1])
    return torch.empty(shape, dtype=features.dtype, device=features.device, memory_format=torch.channels_last)


def _rows(image: Tensor, first: int, count: int) -> Tensor:
    """Rows of an image (H, W, C), zeros above and below it."""
    inside = image[max(0, first) : max(0, first + count)]
    above = max(0, min(count, -first))
    return functional.pad(inside, (0, 0, 0, 0, above, count - above - len(inside)))


def _places(rows: Tensor, count: int) -> Tensor:
    """The rows (4 N + count - 4, W, C) by their place, (count, N, W, C): the first of each four, the second and so on beyond the fourth."""
    last = len(rows) - count + 1
    return torch.stack([rows[place : place + last : _ROWS] for place in range(count)])


def _products(points: Tensor, kernels: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """Rows at each point (P, N, W, C) by that point's kernel (P, out, C, 1, width), as (P, N, new W, out)."""
    products = []
    for number, (rows, kernel) in enumerate(zip(points.unsqueeze(1), kernels, strict=True)):
        found = functional.conv2d(rows.permute(0, 3, 1, 2), kernel, bias if number == _AT_ONE else None, padding=(0, padding))
        products.append(found.permute(0, 2, 3, 1))
    return torch.cat(products)


@cache
def _matrices() -> tuple[Tensor, Tensor, Tensor]:
    """The source's B^T, G and A^T: rows to points, a kernel's rows to points, products to rows of the answer.

    By Toom and Cook: values of polynomials at the points, the way back after Lagrange, and all of it transposed.
    """
    to_points, of_kernel = [], []
    for point in _POINTS:
        others = _through([other for other in _POINTS if other != point])
        to_points.append([*others, Fraction(0)])
        of_kernel.append([point**power / _value(others, point) for power in range(_KERNEL)])
    to_points.append(_through(_POINTS))
    of_kernel.append([Fraction(power == _KERNEL - 1) for power in range(_KERNEL)])
    to_rows = [[*(point**row for point in _POINTS), Fraction(row == _ROWS - 1)] for row in range(_ROWS)]
    return _tensor(to_points), _tensor(of_kernel), _tensor(to_rows)


def _through(zeros: Sequence[Fraction]) -> list[Fraction]:
    """The coefficients, lowest first, of the polynomial with these zeros whose highest is 1."""
    found = [Fraction(1)]
    for zero in zeros:
        found = [before - zero * same for before, same in zip([Fraction(0), *found], [*found, Fraction(0)], strict=True)]
    return found


def _value(coefficients: Sequence[Fraction], at: Fraction) -> Fraction:
    return sum((each * at**power for power, each in enumerate(coefficients)), Fraction(0))


def _tensor(rows: list[list[Fraction]]) -> Tensor:
    return torch.tensor([[float(each) for each in row] for row in rows], dtype=torch.float32, device="cpu")
