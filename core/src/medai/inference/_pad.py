"""Images enlarged by their mirror image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from medai.errors import UsageError


def padded(network: Callable[[Tensor], Tensor], pixels: Tensor, multiple: int | Sequence[int]) -> Tensor:
    """What a network answers that only takes sizes of a certain multiple (encoders that halve the image several times).

    Args:
        network: gives (B, K, *spatial) for (B, C, *spatial).
        pixels: (B, C, *spatial), one spatial axis or several, at least one pixel each.
        multiple: of what the sizes must be, in pixels; one for all axes or one per axis.

    Returns:
        (B, K, *spatial) for the pixels given; what was added at the far ends, the image mirrored at its last pixel (again and again where
        it is small), is cut off. Gradients flow.

    Raises:
        UsageError: a multiple below 1, or not one per axis.
    """
    sizes = pixels.shape[2:]
    multiples = per_axis(multiple, len(sizes), "multiple")
    answer = network(mirrored(pixels, [(size + each - 1) // each * each for size, each in zip(sizes, multiples, strict=True)]))
    for axis, size in enumerate(sizes, start=2):
        # Not a slice: torch.export would ask for a proof that it is no longer than the axis, and bind the graph to some sizes.
        answer = answer.index_select(axis, torch.arange(size, device=answer.device))
    return answer


def mirrored(pixels: Tensor, sizes: Sequence[int]) -> Tensor:
    """(B, C, *spatial) enlarged at the far ends by the mirror image, to `sizes`. No branch, so that graphs of any size come of it."""
    for axis, size in enumerate(sizes, start=2):
        there_and_back = max(2 * (pixels.shape[axis] - 1), 1)
        place = torch.arange(size, device=pixels.device) % there_and_back
        pixels = pixels.index_select(axis, torch.minimum(place, there_and_back - place))
    return pixels


def per_axis(value: int | Sequence[int], axes: int, name: str) -> tuple[int, ...]:
    """One whole number per spatial axis, each at least 1.

    Raises:
        UsageError: there are more or fewer, or one is below 1.
    """
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes:
        raise UsageError(f"{name} has {len(values)} numbers for {axes} spatial axes")
    if min(values, default=1) < 1:
        raise UsageError(f"{name} is at least 1 along every axis, not {min(values)}")
    return values
