"""How public code calls the tensors of YOLOX; checkpoints of that code load by these names."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from medai.errors import UsageError
from medai.inference import Frame
from medai.weights import KeyMap, as_safetensors, check, load_into, read

_NECK = {
    "lateral_conv0": "lateral.0",
    "reduce_conv1": "lateral.1",
    "C3_p4": "top_down.0",
    "C3_p3": "top_down.1",
    "bu_conv2": "halving.0",
    "bu_conv1": "halving.1",
    "C3_n3": "bottom_up.0",
    "C3_n4": "bottom_up.1",
}
_HEAD = {
    "stems": "stem",
    "cls_convs": "of_class",
    "reg_convs": "of_box",
    "cls_preds": "classes",
    "reg_preds": "box",
    "obj_preds": "objectness",
}


def _rules() -> Iterator[tuple[str, str]]:
    yield r"backbone\.backbone\.stem\.(.*)", r"network.backbone.stem.\1"
    for dark in range(2, 6):
        theirs, ours = rf"backbone\.backbone\.dark{dark}\.(\d)", rf"network.backbone.stages.{dark - 2}.\1"
        yield rf"{theirs}\.m\.(.*)", rf"{ours}.blocks.\2"
        yield rf"{theirs}\.(.*)", rf"{ours}.\2"
    for their, our in _NECK.items():
        yield rf"backbone\.{their}\.m\.(.*)", rf"network.neck.{our}.blocks.\1"
        yield rf"backbone\.{their}\.(.*)", rf"network.neck.{our}.\1"
    for their, our in _HEAD.items():
        yield rf"head\.{their}\.(\d)\.(.*)", rf"network.heads.\1.{our}.\2"


YOLOX = KeyMap(
    name="yolox",
    source="https://github.com/Megvii-BaseDetection/YOLOX, yolox/models; computes on 0..255, the colours from blue to red",
    rules=tuple(_rules()),
)
_STEM = "network.backbone.stem.conv.conv.weight"


def load_published(detector: Frame, pretrained: str | None) -> None:
    """Start a YOLOX detector with the weights of a file, its own or of public code; those of classes that it has not are left out.

    Args:
        detector: with the network in `network`.
        pretrained: the file, safetensors or legacy; None or `none` leaves the detector as it is.

    Raises:
        UsageError: it is no file of weights.
        DataError: the file is missing or holds more than tensors, or what it holds is of another network.
    """
    if pretrained is None or pretrained == "none":
        return
    if "." not in pretrained:
        raise UsageError(
            f"pretrained = {pretrained!r}: a file of weights is wanted, such as yolox_m.pth of "
            "https://github.com/Megvii-BaseDetection/YOLOX; or go on without: --set model.pretrained=none"
        )
    tensors = read(as_safetensors(pretrained))
    public = any(name.startswith("backbone.backbone.") for name in tensors)
    if public:
        tensors = YOLOX.apply(tensors)
        if _STEM in tensors:
            # Red first: each of the four pictures side by side has three colours.
            tensors[_STEM] = tensors[_STEM].unflatten(1, (-1, 3)).flip(2).flatten(1, 2)
    own = detector.state_dict()
    others = [name for name in tensors if ".classes." in name and name in own and own[name].shape != tensors[name].shape]
    fitting = {name: tensor for name, tensor in tensors.items() if name not in others}
    load_into(detector, fitting, allow_missing=[*others, "mean", "deviation"])
    check(detector.get_submodule("network"), torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64))
    if public:
        detector.mean.zero_()
        detector.deviation.fill_(1 / 255)
