"""What the study's networks stand on: ResNets and DarkNet-53, of timm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from medai.errors import DataError, UsageError
from medai.inference import PLAIN, Statistics
from medai.weights import Weights, as_safetensors, find

DEFAULT = "default"
NONE = "none"
_FIRST = {"resnet18": 1, "resnet34": 1, "resnet50": 1, "darknet53": 0}
"""The level, log2 of the stride, of timm's first map of each."""


class Backbone(nn.Module):
    """A network of timm without its classifier, as maps of features.

    Takes pictures on the scale that `statistics` say, float32 (B, 3, H, W), and gives a map (B, C, H / 2^n, W / 2^n) for each level n.

    Attributes:
        channels: C of each map.
        statistics: mean and deviation, by channel, of the pictures in 0..1 that it wants.

    Args:
        name: `resnet18`, `resnet34`, `resnet50` or `darknet53`.
        levels: which maps, in order; 5 is that of stride 32.
        pretrained: None or `none`: weights drawn at random. `default`: those that timm publishes, learnt on ImageNet, from a mirror, a
            cache or the network. A safetensors file otherwise.

    Raises:
        UsageError: there is no such backbone.
        EnvironmentFault: the weights are not on this machine and cannot be fetched.
        DataError: the file is of another network.
    """

    def __init__(self, name: str, levels: Sequence[int] = (3, 4, 5), pretrained: str | None = None) -> None:
        super().__init__()
        if name not in _FIRST:
            raise UsageError(f"backbone = {name!r}: there are {', '.join(_FIRST)}")
        places = tuple(level - _FIRST[name] for level in levels)
        file = _file(name, pretrained)
        published: Any = timm.models.get_pretrained_cfg(name)
        self.statistics: Statistics = PLAIN if file is None else (published.mean, published.std)
        given: dict[str, Any] = {} if file is None else {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file)}}
        try:
            network: Any = timm.create_model(name, features_only=True, out_indices=places, **given)
        except (RuntimeError, KeyError) as error:
            raise DataError(f"is of another network than {name}: {error}", file) from error
        self.network = network
        self.channels: list[int] = network.feature_info.channels()

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        found: list[torch.Tensor] = self.network(pictures)
        return found


def _file(name: str, pretrained: str | None) -> Path | None:
    """The file of weights that is asked for, as safetensors."""
    if pretrained is None or pretrained == NONE:
        return None
    if pretrained != DEFAULT:
        return as_safetensors(pretrained)
    published: Any = timm.models.get_pretrained_cfg(name)
    return find(Weights.of_timm(f"{name}.{published.tag}", published))
