"""Large images through a network tile by tile."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce, wraps
from itertools import islice, product
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor, nn

from medai._words import nearest
from medai.errors import PluginError, UsageError
from medai.inference._budget import affordable, measured
from medai.inference._grid import WEIGHTINGS, Axis
from medai.inference._pad import mirrored, per_axis

Network = Callable[[Tensor], Tensor]
# Which image of the batch, and which tile along each axis.
Place = tuple[int, tuple[int, ...]]

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def _not_compiled(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """To torch.compile the loop would be one long row of operations, a network's times the number of tiles, which takes it many minutes."""

    @wraps(function)
    def call(*given: Given.args, **named: Given.kwargs) -> Answer:
        if not torch.compiler.is_dynamo_compiling():
            return function(*given, **named)
        # Not as a decorator: whoever compiles nothing would wait seconds for the compiler's import.
        alone: Callable[Given, Answer] = torch.compiler.disable(function)  # type: ignore[no-untyped-call]
        return alone(*given, **named)

    return call


@_not_compiled
@torch.no_grad()
def tiled(
    network: Network,
    pixels: Tensor,
    *,
    tile: int | Sequence[int],
    overlap: float = 0.25,
    weighting: str = "gaussian",
    margin: int = 0,
    multiple: int = 1,
    batch: int = 1,
    gigabytes: float | None = None,
) -> Tensor:
    """What a network answers to an image, asked tile by tile; where tiles overlap, their weighted mean.

    It equals the answer to the whole image wherever the network allows that: always, if it looks at single pixels; with `margin` at least
    the radius of its receptive field, if it is a convolutional one; and with `multiple` besides, the product of its strides, if it
    halves the image and doubles it again. A network that takes means over the whole image (global pooling, instance norm in evaluation
    mode) answers each tile for itself.

    Args:
        network: gives (n, K, *tile) for (n, C, *tile), floating point: maps at the scale of the image, logits or probabilities rather than
            labels. It is asked as it is: put it in evaluation mode first.
        pixels: (B, C, *spatial), two spatial axes or three (any number works).
        tile: pixels along each axis, or one number for all. An image may be smaller: what a tile lacks is mirrored, or, with a `margin`,
            the tile is cut to the image (and mirrored up to `multiple` alone), so that the answer equals that to the whole.
        overlap: the part of a tile, from 0 up to 1, that it shares with the next at least; tiles are spread evenly.
        weighting: of a tile's pixels, `gaussian` (deviation of an eighth of the tile), `linear` (falling from the middle) or `flat`.
        margin: pixels at a tile's inner borders that count nothing, for what the network answers there has seen padding in place of the
            image. The overlap must be twice as wide.
        multiple: tiles begin at multiples of this many pixels, for networks with strides; the last may reach beyond the image. `tile`
            then is such a multiple too.
        batch: tiles at a time at most.
        gigabytes: of 10^9 bytes, what this call may allocate on all devices together, over the pixels given and the network's weights:
            the answer and as many tiles at a time as fit beside it. The network's share is measured on the first tile, in tensors alive
            at once and half as much again for the scratch space of convolutions. None: no limit, `batch` tiles at a time.

    Returns:
        float32 (B, K, *spatial), summed in float32 whatever the network's dtype, without gradients, on the device of `pixels`. Tiles are
        brought to the network's own device, if it is a module elsewhere: a volume that no card holds can stay in main memory.

    Raises:
        UsageError: a parameter is out of its range, or the margins leave pixels without an answer.
        PluginError: the network's answer is no floating-point map of the size of the tile.
        MemoryFault: the answer and one tile take more than `gigabytes`.
    """
    _check(overlap, weighting, margin, multiple, batch)
    _check_pixels(pixels, gigabytes)
    axes = [
        Axis.of(size, edge, overlap=overlap, weighting=weighting, margin=margin, multiple=multiple)
        for size, edge in zip(pixels.shape[2:], _edges(pixels, tile, margin, multiple), strict=True)
    ]
    device = _device(network, pixels)
    places = iter(list(product(range(len(pixels)), product(*(range(len(axis.starts)) for axis in axes)))))
    total: Tensor | None = None
    # The first pass tells how many maps there are and, where there is a limit, what a tile takes.
    size = batch if gigabytes is None else 1
    while chosen := list(islice(places, size)):
        tiles = torch.cat([_tile(pixels, axes, place) for place in chosen]).to(device)
        if total is None and gigabytes is not None:
            answers, each = measured(network, tiles)
            held = 4 * len(pixels) * answers.shape[1] * math.prod(pixels.shape[2:])
            size = min(batch, affordable(gigabytes, held, each))
        else:
            answers = network(tiles)
        _check_answers(answers, tiles)
        if total is None:
            total = pixels.new_zeros((len(pixels), answers.shape[1], *pixels.shape[2:]), dtype=torch.float32)
        for place, answer in zip(chosen, answers, strict=True):
            _add(total, answer, axes, place)
        # Or they would stay while the next are made.
        del tiles, answers, answer
    assert total is not None
    return total


def _edges(pixels: Tensor, tile: int | Sequence[int], margin: int, multiple: int) -> Sequence[int]:
    """The size of the tiles along each axis."""
    edges = per_axis(tile, pixels.ndim - 2, "tile")
    if not margin:
        return edges
    # Mirrored pixels would stand where a network that sees the whole image sees the padding at its border.
    return [min(edge, multiple * math.ceil(size / multiple)) for edge, size in zip(edges, pixels.shape[2:], strict=True)]


def _tile(pixels: Tensor, axes: Sequence[Axis], place: Place) -> Tensor:
    """One tile (1, C, *tile), mirrored beyond the image's end."""
    image, numbers = place
    slices = [axis.tile_slice(number) for axis, number in zip(axes, numbers, strict=True)]
    cut = pixels[(slice(image, image + 1), slice(None), *slices)]
    edges = [axis.tile for axis in axes]
    return cut if list(cut.shape[2:]) == edges else mirrored(cut, edges)


def _add(total: Tensor, answer: Tensor, axes: Sequence[Axis], place: Place) -> None:
    """Add a tile's answer (K, *tile) to the sum, by its weights."""
    image, numbers = place
    slices = [axis.tile_slice(number) for axis, number in zip(axes, numbers, strict=True)]
    inside = answer[(slice(None), *[slice(part.stop - part.start) for part in slices])]
    rows = [axis.weights[number] for axis, number in zip(axes, numbers, strict=True)]
    weights = reduce(lambda plane, row: plane[..., None] * row, rows).to(total.device)
    total[image][(slice(None), *slices)].addcmul_(inside.to(total.device, torch.float32), weights)


def _device(network: Network, pixels: Tensor) -> torch.device:
    parameter = next(network.parameters(), None) if isinstance(network, nn.Module) else None
    return pixels.device if parameter is None else parameter.device


def _check(overlap: float, weighting: str, margin: int, multiple: int, batch: int) -> None:
    if not 0 <= overlap < 1:
        raise UsageError(f"overlap = {overlap:g}: it is a part of the tile, from 0 up to 1")
    if weighting not in WEIGHTINGS:
        raise UsageError(f"weighting = {weighting!r}{nearest(weighting, WEIGHTINGS)}")
    if margin < 0 or multiple < 1 or batch < 1:
        raise UsageError("margin is at least 0, multiple and batch at least 1")


def _check_pixels(pixels: Tensor, gigabytes: float | None) -> None:
    if pixels.ndim < 3 or not pixels.is_floating_point() or min(pixels.shape) < 1:
        raise UsageError(f"tiles are cut from floating-point pixels (B, C, *spatial), not {pixels.dtype} {tuple(pixels.shape)}")
    if gigabytes is not None and not gigabytes > 0:
        raise UsageError(f"gigabytes = {gigabytes:g}: not a size")


def _check_answers(answers: Tensor, tiles: Tensor) -> None:
    if answers.ndim != tiles.ndim or answers.shape[0] != tiles.shape[0] or answers.shape[2:] != tiles.shape[2:]:
        raise PluginError(f"the network answered {tuple(tiles.shape)} by {tuple(answers.shape)}: tiles need maps of their own size")
    if not answers.is_floating_point():
        raise PluginError(f"the network answers in {answers.dtype}: overlapping tiles are averaged, so logits or probabilities are needed")
