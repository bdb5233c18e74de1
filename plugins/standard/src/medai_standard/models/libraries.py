"""Networks of other libraries: found by name, built from a user's options, their first layer fitted to an image's channels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn

from medai.errors import UsageError


def by_slices(network: Callable[[torch.Tensor], torch.Tensor], volume: torch.Tensor) -> torch.Tensor:
    """A volume (B, C, D, H, W) as the network answers its slices (B, C, H, W), one by one, so that memory stays that of one slice."""
    return torch.stack([network(volume[:, :, place]) for place in range(volume.shape[2])], dim=2)


def first_convolution(network: nn.Module, channels: int) -> None:
    """Replace the first convolution, of three channels, by one like it of `channels`, drawn as that was: each of its filters is the sum
    of the three, shared out evenly."""
    old: Any
    name, old = next((name, part) for name, part in network.named_modules() if isinstance(part, nn.Conv2d))
    if old.in_channels == channels:
        return
    shape = (old.kernel_size, old.stride, old.padding, old.dilation, old.groups, old.bias is not None, old.padding_mode)
    new: Any = nn.Conv2d(channels, old.out_channels, *shape)
    with torch.no_grad():
        new.weight.copy_(old.weight.sum(1, keepdim=True).expand_as(new.weight) / channels)
        if new.bias is not None:
            new.bias.copy_(old.bias)
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, new)


def known_name(kind: str, name: str, known: Collection[str]) -> str:
    """The name, if it is one of the known.

    Raises:
        UsageError: it is not; the nearest are named.
    """
    if name not in known:
        near = get_close_matches(name, known, n=4, cutoff=0.5)
        there = f"the nearest are {', '.join(near)}" if near else f"there are {', '.join(sorted(known)[:12])} ..."
        raise UsageError(f"there is no {kind} {name!r}: {there}")
    return name


def built(what: str, build: Callable[..., nn.Module], options: Mapping[str, Any], **given: Any) -> Any:
    """The network that a library builds from our keywords and the user's options.

    Raises:
        UsageError: an option is ours to give, or the library does not take it.
    """
    if taken := sorted(set(options) & set(given)):
        raise UsageError(f"options: {taken[0]} is set by the model's own parameters")
    try:
        return build(**given, **options)
    except (TypeError, ValueError, AssertionError, KeyError, RuntimeError) as error:
        raise UsageError(f"{what} cannot be built with options = {dict(options)}: {type(error).__name__}: {error}") from error
