"""timm's classifiers by name."""

from __future__ import annotations

from typing import Any

import timm
import torch

from medai.inference import PLAIN, Frame, Size, Window, steady
from medai_standard.models.libraries import built, known_name
from medai_standard.models.pretrained import of_timm


class Timm(Frame):
    """A classifier of timm (`timm.list_models()`), for classes and for values: its head gives one number per class or value.

    Grey or colour images in physical units, float32 (B, C, H, W), to logits or values, float32 (B, classes).

    Args:
        architecture: timm's name, such as `resnet18`, `convnext_tiny`, `vit_small_patch16_224`.
        channels: of the images.
        classes: how many logits or values.
        pretrained: None or `none`: the weights are drawn at random. `default` or a tag of timm's (`a1_in1k`): published weights, from a
            mirror, a cache or the hub. Else a safetensors file.
        size: height and width at which the network looks; None: the image's own, or, for one that has a fixed size, that.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        options: keywords of `timm.create_model`, such as `{drop_rate = 0.2}`.
    """

    def __init__(
        self,
        architecture: str = "resnet18",
        channels: int = 1,
        classes: int = 2,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        options: dict[str, Any] = {},  # noqa: B006  never changed
    ) -> None:
        # Not timm.create_model itself: that takes a name on a hub or in a folder as well.
        known_name("architecture of timm", architecture.partition(".")[0], timm.list_models())
        about = timm.models.get_pretrained_cfg(architecture, allow_unregistered=True)
        own = (about.input_size[-2], about.input_size[-1]) if about is not None and about.fixed_input_size else None
        weights = of_timm(architecture, pretrained)
        super().__init__(channels, window, size or own, PLAIN if weights is None else weights.statistics)
        given: dict[str, Any] = {"num_classes": classes, "in_chans": channels}
        if own is not None and size not in (None, own):
            given["img_size"] = size
        if weights is not None:
            # timm fits what was learnt on colour to the channels, and leaves out a head of other classes.
            given |= {"pretrained": True, "pretrained_cfg_overlay": {"file": str(weights.path)}}
            architecture = f"{architecture.partition('.')[0]}.{weights.tag}" if weights.tag else architecture
        self.network = steady(built(f"{architecture} of timm", timm.create_model, options, model_name=architecture, **given))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(self.fitted(pixels))
        return found.float()
