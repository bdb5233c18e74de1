"""How public checkpoints call the tensors of networks that are parts of other networks here: encoders, and features for losses.

`medai weights convert OLD NEW --map medai_standard.models.published:VGG_FEATURES` writes a file under the new names.
"""

from __future__ import annotations

from medai.weights import KeyMap

RESNET_ENCODER = KeyMap(
    name="torchvision's ResNet as an encoder of segmentation-models-pytorch",
    source="torchvision.models.resnet; segmentation_models_pytorch.encoders.resnet, whose encoder is that class without its classifier",
    rules=((r"fc\..*", None),),
)

TIMM_ENCODER = KeyMap(
    name="a network of timm as an encoder tu-... of segmentation-models-pytorch",
    source="timm.create_model(features_only=True), which segmentation_models_pytorch.encoders.timm_universal holds as `model`",
    rules=((r"(fc|head|classifier)\..*", None), (r"(.*)", r"model.\1")),
)

VGG_FEATURES = KeyMap(
    name="torchvision's VGG as its features alone",
    source="torchvision.models.vgg: `features` is a sequence of 16 convolutions in VGG-19, its classifier left out",
    rules=((r"classifier\..*", None), (r"features\.(.*)", r"\1")),
)
