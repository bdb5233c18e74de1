"""torchvision's classifiers and segmentation networks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torchvision

from medai.errors import DataError, UsageError
from medai.inference import PLAIN, Frame, Size, Window, steady
from medai.tasks import Batch, Image, Mask
from medai_standard.losses import CrossEntropy
from medai_standard.models.libraries import built, by_slices, first_convolution, known_name
from medai_standard.models.pretrained import into_network, of_torchvision

# Their second heads help through their loss alone, which the loss of a recipe does not know.
_SECOND_HEADS = {"googlenet": {"aux_logits": False, "init_weights": True}, "inception_v3": {"aux_logits": False, "init_weights": True}}


class Classifier(Frame):
    """A classifier of torchvision (`torchvision.models.list_models(module=torchvision.models)`), for classes and for values.

    Grey or colour images in physical units, float32 (B, C, H, W), to logits or values, float32 (B, classes). The first convolution takes
    the images' channels. The second heads of GoogLeNet and Inception v3 are left out.

    Args:
        architecture: torchvision's name, such as `resnet18`, `densenet121`, `vit_b_16`.
        channels: of the images.
        classes: how many logits or values.
        pretrained: None or `none`: the weights are drawn at random. `default` or torchvision's name of the weights (`IMAGENET1K_V1`),
            from a mirror, a cache or the network. Else a safetensors file.
        size: height and width at which the network looks; None: the image's own, or, for one that has a fixed size, that.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        options: keywords of the builder, such as `{dropout = 0.2}` where it has one.
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
        known_name("classifier of torchvision", architecture, torchvision.models.list_models(module=torchvision.models))
        weights = of_torchvision(architecture, pretrained)
        fixed, size = _fixed_size(architecture, size)
        super().__init__(channels, window, size, PLAIN if weights is None else weights.statistics)
        given = {"weights": None, "num_classes": classes, **fixed, **_SECOND_HEADS.get(architecture, {})}
        network = built(f"{architecture} of torchvision", torchvision.models.get_model, options, name=architecture, **given)
        first_convolution(network, channels)
        if weights is not None:
            into_network(network, weights.path, left_out=("aux*", "AuxLogits.*"))
        self.network = steady(network)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(self.fitted(pixels))
        return found.float()


class Segmenter(Frame):
    """A segmentation network of torchvision: FCN, DeepLabV3 or LR-ASPP.

    Grey or colour images in physical units, float32 (B, C, H, W) of any size, to logits on their grid, float32 (B, classes, H, W). A
    volume (B, C, D, H, W) is answered slice by slice, (B, classes, D, H, W). In training, a second head on an earlier stage is held to
    the same loss (Zhao et al. 2017, doi:10.1109/CVPR.2017.660); without a loss in the recipe, that is cross-entropy.

    Args:
        architecture: `fcn_resnet50`, `fcn_resnet101`, `deeplabv3_resnet50`, `deeplabv3_resnet101`, `deeplabv3_mobilenet_v3_large` or
            `lraspp_mobilenet_v3_large`, which has no second head.
        channels: of the images.
        classes: logits per pixel, the background's first; 1: a single structure, by sigmoid.
        pretrained: None or `none`: the weights are drawn at random. `default` or torchvision's name of the weights
            (`COCO_WITH_VOC_LABELS_V1`), from a mirror, a cache or the network. Else a safetensors file.
        auxiliary: weight of the second head's loss; 0: there is no second head.
        size: height and width at which the network looks; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        options: keywords of the builder.
    """

    def __init__(
        self,
        architecture: str = "deeplabv3_resnet50",
        channels: int = 1,
        classes: int = 2,
        pretrained: str | None = None,
        auxiliary: float = 0.5,
        size: Size | None = None,
        window: Window | None = None,
        options: dict[str, Any] = {},  # noqa: B006  never changed
    ) -> None:
        known_name(
            "segmentation network of torchvision", architecture, torchvision.models.list_models(module=torchvision.models.segmentation)
        )
        weights = of_torchvision(architecture, pretrained)
        super().__init__(channels, window, size, PLAIN if weights is None else weights.statistics)
        if not auxiliary >= 0:
            raise UsageError(f"auxiliary = {auxiliary}: not 0 or more")
        second = {} if architecture.startswith("lraspp") else {"aux_loss": auxiliary > 0}
        self.auxiliary = auxiliary
        given = {"weights": None, "weights_backbone": None, "num_classes": classes, **second}
        network = built(f"{architecture} of torchvision", torchvision.models.get_model, options, name=architecture, **given)
        first_convolution(network, channels)
        if weights is not None:
            into_network(network, weights.path, left_out=("aux_classifier.*",))
        self.network = steady(network)

    def training_step(self, batch: Batch[Image, Mask], loss: Callable[..., Any] | None, turn: str) -> dict[str, torch.Tensor]:
        """The loss of the logits and, weighted, that of the second head's.

        Raises:
            DataError: the batch has no reference.
        """
        if batch.reference is None:
            raise DataError(f"case {batch.cases[0].id} has no mask to learn from")
        maps, labels = self._maps(batch.inputs.pixels), batch.reference.labels
        held_to = loss or CrossEntropy()
        losses = _named(held_to(maps["out"], labels))
        if "aux" in maps:
            second = _named(held_to(maps["aux"], labels))
            losses |= {f"auxiliary {name}": self.auxiliary * value for name, value in second.items()}
        return losses

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self._maps(pixels)["out"]

    def _maps(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Each head's logits on the images' grid; of volumes, the first head's alone."""
        if pixels.ndim == 5:
            return {"out": by_slices(self, pixels)}
        maps = {head: logits.float() for head, logits in self.network(self.fitted(pixels)).items()}
        return maps if self.size is None else {head: self.fit_of(pixels).restore(logits) for head, logits in maps.items()}


def _named(found: Any) -> dict[str, torch.Tensor]:
    """What a loss gave, by name."""
    return dict(found) if isinstance(found, Mapping) else {"loss": found}


def _fixed_size(architecture: str, size: Size | None) -> tuple[dict[str, Any], Size | None]:
    """Keywords of the builder for a size, and the size at which the network then looks."""
    if architecture.startswith("vit_"):
        side = size or (224, 224)
        if side[0] != side[1]:
            raise UsageError(f"size = {size}: {architecture} looks at squares")
        return {"image_size": side[0]}, side
    if architecture.startswith("maxvit"):
        side = size or (224, 224)
        return {"input_size": side}, side
    return {}, size
