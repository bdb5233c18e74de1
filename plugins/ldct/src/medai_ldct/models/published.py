"""How the authors' and well-known public code calls the tensors of these networks; checkpoints of that code load by these names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from medai.weights import KeyMap, as_safetensors, load_into, read

REDCNN = KeyMap(
    name="redcnn",
    source="https://github.com/SSinyu/RED-CNN, networks.py: ten layers of their own; computes on -1024..3072 HU as 0..1, as ours does",
    rules=((r"t(conv[1-5]\..*)", r"de\1"),),
)

REDCNN_SHARED = KeyMap(
    name="redcnn, layers shared",
    source="https://github.com/SSinyu/RED-CNN, networks.py and RED_CNN_model.py of 2018: one layer used four times",
    rules=(
        (r"conv_first\.(.*)", r"conv1.\1"),
        (r"conv\.(.*)", tuple(rf"conv{number}.\1" for number in range(2, 6))),
        (r"(?:conv_t|deconv)\.(.*)", tuple(rf"deconv{number}.\1" for number in range(1, 5))),
        (r"(?:conv_t|deconv)_last\.(.*)", r"deconv5.\1"),
    ),
)

EDCNN = KeyMap(
    name="edcnn",
    # The code leaves the scale to its user: only what was trained on -1024..3072 HU as 0..1 answers well here.
    source="https://github.com/workingcoder/EDCNN, code/edcnn_model.py",
    rules=(
        # The operators themselves are constants, in both.
        (r"conv_sobel\.sobel_weight", None),
        (r"conv_sobel\.sobel_factor", "edges.factor"),
        (r"conv_sobel\.bias", "edges.bias"),
        *((rf"conv_p{number}\.(.*)", rf"blocks.{number - 1}.gather.\1") for number in range(1, 9)),
        *((rf"conv_f{number}\.(.*)", rf"blocks.{number - 1}.look.\1") for number in range(1, 9)),
    ),
)


def load_published(network: nn.Module, pretrained: str | None, key_maps: Sequence[KeyMap]) -> None:
    """Start the network with the weights of a file, safetensors or legacy, under its own names or those of public code.

    Args:
        network: takes HU, float32 (1, 1, H, W).
        pretrained: the file; None or `none` leaves the network as it is.
        key_maps: of the public code.

    Raises:
        DataError: the file is missing or holds more than tensors, or what it holds is of another network.
    """
    if pretrained is None or pretrained == "none":
        return
    example = torch.linspace(-1000, 1000, 48 * 48).reshape(1, 1, 48, 48)
    load_into(network, read(as_safetensors(pretrained)), key_maps, example=example)
