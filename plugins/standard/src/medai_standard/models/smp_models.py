"""segmentation-models-pytorch's networks by architecture and encoder: as one that names each pixel's structure, and as one that mends
an image."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import segmentation_models_pytorch as smp
import timm
import torch
from segmentation_models_pytorch.encoders import get_encoder_names
from torch import nn
from torch.nn import functional as F

from medai.errors import UsageError
from medai.inference import PLAIN, Frame, Size, Window, padded, steady
from medai_standard.models.libraries import built, by_slices, known_name
from medai_standard.models.pretrained import Found, into_encoder, of_encoder

_ARCHITECTURES: dict[str, Any] = {cls.__name__: cls for cls in smp.MODEL_ARCHITECTURES_MAPPING.values()}
_OURS = {"self", "kwargs", "encoder_name", "encoder_weights", "encoder_depth", "in_channels", "classes", "activation", "aux_params"}
_WRITTEN_OTHERWISE = {"Unet++": "UnetPlusPlus", "DeepLabV3+": "DeepLabV3Plus"}


class Segmenter(Frame):
    """A network of segmentation-models-pytorch: its encoder, its decoder, one logit per class and pixel.

    Grey or colour images in physical units, float32 (B, C, H, W) of any size, to logits on their grid, float32 (B, classes, H, W).
    A volume (B, C, D, H, W) is answered slice by slice, (B, classes, D, H, W).

    Args:
        architecture: Unet, Unet++, MAnet, Linknet, FPN, PSPNet, DeepLabV3, DeepLabV3+, PAN, UPerNet, Segformer or DPT.
        encoder: the library's name (`resnet34`, `efficientnet-b0`, `mit_b0`) or timm's behind `tu-`; DPT wants a vision transformer of
            timm's; None: the library's default.
        channels: of the images.
        classes: logits per pixel, the background's first; 1: a single structure, by sigmoid.
        encoder_depth: stages of the encoder that are used; None: the library's default.
        decoder_attention_type: `scse`, for Unet and Unet++.
        pretrained: None or `none`: the weights are drawn at random. The library's name of the encoder's weights (`imagenet`; for `tu-`
            encoders `default`), from a mirror, a cache or the hub. Else a safetensors file of the encoder.
        size: height and width at which the network looks; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        options: further keywords of the architecture, such as `{decoder_use_norm = "instancenorm"}`, and of the encoder.
    """

    def __init__(
        self,
        architecture: str = "Unet",
        encoder: str | None = None,
        channels: int = 1,
        classes: int = 2,
        encoder_depth: int | None = None,
        decoder_attention_type: Literal["scse"] | None = None,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        options: dict[str, Any] = {},  # noqa: B006  never changed
    ) -> None:
        build, encoder = _named(architecture, encoder)
        weights = of_encoder(encoder, pretrained)
        super().__init__(channels, window, size, PLAIN if weights is None else weights.statistics)
        given = _given(build, encoder_depth, decoder_attention_type, options)
        self.network = _network(build, encoder, weights, given, options, channels=channels, classes=classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if pixels.ndim == 5:
            return by_slices(self, pixels)
        logits = _on_grid(self.network, self.fitted(pixels)).float()
        return logits if self.size is None else self.fit_of(pixels).restore(logits)


class ImageToImage(Frame):
    """A network of segmentation-models-pytorch whose answer is added to its input: it learns what to take away.

    Images in physical units, float32 (B, C, H, W) of any size, to the same; a volume (B, C, D, H, W) slice by slice. It starts out close
    to the identity. What `window` clamps is not seen by the network, but stays in the sum.

    Args:
        architecture, encoder, channels, encoder_depth, decoder_attention_type, pretrained, window, options: as of
            `standard/segmentation-models-pytorch`.
    """

    def __init__(
        self,
        architecture: str = "Unet",
        encoder: str | None = None,
        channels: int = 1,
        encoder_depth: int | None = None,
        decoder_attention_type: Literal["scse"] | None = None,
        pretrained: str | None = None,
        window: Window | None = None,
        options: dict[str, Any] = {},  # noqa: B006  never changed
    ) -> None:
        build, encoder = _named(architecture, encoder)
        weights = of_encoder(encoder, pretrained)
        super().__init__(channels, window, None, PLAIN if weights is None else weights.statistics)
        given = _given(build, encoder_depth, decoder_attention_type, options)
        self.network = _network(build, encoder, weights, given, options, channels=channels, classes=channels)
        last = [part for part in self.network.segmentation_head.modules() if isinstance(part, nn.Conv2d)][-1]
        # With a last layer like the others, an untrained network is far off, and a short training ends before it has caught up.
        nn.init.normal_(last.weight, std=1e-3)
        if last.bias is not None:
            nn.init.zeros_(last.bias)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if pixels.ndim == 5:
            return by_slices(self, pixels)
        low, high = self.window or (0.0, 1.0)
        change = _on_grid(self.network, self.scaled(pixels)).float()
        return pixels.float() + change * self.deviation * (high - low)


def _named(architecture: str, encoder: str | None) -> tuple[Any, str]:
    """The class of the architecture and the encoder's name, both known to the library."""
    name = known_name("architecture", _WRITTEN_OTHERWISE.get(architecture, architecture), _ARCHITECTURES)
    build = _ARCHITECTURES[name]
    encoder = encoder or str(inspect.signature(build.__init__).parameters["encoder_name"].default)
    if encoder.startswith("tu-"):
        known_name("encoder of timm", encoder.removeprefix("tu-").partition(".")[0], timm.list_models())
    else:
        known_name("encoder", encoder, get_encoder_names())
    return build, encoder


def _given(build: Any, depth: int | None, attention: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """The keywords that our parameters come to."""
    given: dict[str, Any] = {} if attention is None else {"decoder_attention_type": attention}
    if build is smp.DPT:
        given["dynamic_img_size"] = True  # its encoder would otherwise refuse images of another size than 224
    if depth is None:
        return given
    given["encoder_depth"] = depth
    channels = inspect.signature(build.__init__).parameters.get("decoder_channels")
    if channels is not None and isinstance(channels.default, tuple) and "decoder_channels" not in options:
        given["decoder_channels"] = channels.default[:depth]  # the library wants one for each stage
    return given


def _network(build: Any, encoder: str, weights: Found | None, given: dict[str, Any], options: dict[str, Any], **counts: int) -> Any:
    """The network with its encoder's weights, if there are any."""
    known = inspect.signature(build.__init__).parameters
    if not encoder.startswith("tu-") and (unknown := [name for name in {**given, **options} if name not in known]):
        # The library hands what it does not know to the encoder, and only timm's encoders look at it.
        raise UsageError(f"options: {build.__name__} has no {unknown[0]!r}; it has {', '.join(sorted(set(known) - _OURS))}")
    given |= {"encoder_name": encoder, "classes": counts["classes"], "in_channels": counts["channels"], "encoder_weights": None}
    if weights is not None and encoder.startswith("tu-"):
        # timm fits what was learnt on colour to the channels, and leaves out what the encoder has not.
        given |= {"encoder_weights": True, "pretrained_cfg_overlay": {"file": str(weights.path)}}
        given["encoder_name"] = f"{encoder.partition('.')[0]}.{weights.tag}" if weights.tag else encoder
    network = built(f"{build.__name__} with {encoder}", build, options, **given)
    if getattr(network, "classification_head", None) is not None:
        raise UsageError("options: aux_params adds a second answer, for which there is no task")
    if weights is not None and not encoder.startswith("tu-"):
        into_encoder(network, weights)
    _freeze_unused(network, counts["channels"])
    return steady(network)


def _freeze_unused(network: Any, channels: int) -> None:
    """Freeze what no answer depends on, such as an encoder's stages beyond its depth: several GPUs would wait for its gradient."""
    network.eval()
    with torch.enable_grad():
        answer = _on_grid(network, torch.zeros(1, channels, 64, 64)).sum()
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        slopes = torch.autograd.grad(answer, parameters, allow_unused=True)
    for parameter, slope in zip(parameters, slopes, strict=True):
        parameter.requires_grad_(slope is not None)
    network.train()


def _on_grid(network: Any, scaled: torch.Tensor) -> torch.Tensor:
    """The network's answer on the grid of its input, padded meanwhile to the multiple that the network wants."""

    def answer(images: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = network(images)
        # Of some architectures at another depth than their own the answer is smaller.
        whole = maps.shape[-2:] == images.shape[-2:]
        return maps if whole else F.interpolate(maps, images.shape[-2:], mode="bilinear", align_corners=False)

    # DPT halves the grid of patches once more; PAN halves that of the encoder three times, and wants a pixel to be left.
    stride = network.encoder.output_stride * (2 if isinstance(network, smp.DPT) else 1)
    least = 8 * stride if isinstance(network, smp.PAN) else stride
    return padded(answer, scaled, [least if side < least else stride for side in scaled.shape[-2:]])
