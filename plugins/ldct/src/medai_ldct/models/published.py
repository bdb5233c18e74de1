"""How the authors' and well-known public code calls the tensors of these networks; checkpoints of that code load by these names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from medai.errors import DataError
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


QAE = KeyMap(
    name="qae",
    # The authors' own code is of TensorFlow. As of EDCNN, the scale is left to the user.
    source="https://github.com/Robust-Jay/PyTorch-QAE-for-Low-Dose-CT-Denoising, model.py",
    rules=(
        *((rf"quad_conv(\d)\.conv_{letter}\.weight", rf"conv\1.weight_{letter}") for letter in "rgb"),
        *((rf"quad_conv(\d)\.conv_{theirs}\.bias", rf"conv\1.bias_{ours}") for theirs, ours in ("rr", "gg", "bc")),
        # It counts the way back downwards.
        *((rf"quad_deconv{6 - n}\.deconv_{letter}\.weight", rf"deconv{n}.weight_{letter}") for n in range(1, 6) for letter in "rgb"),
        *(
            (rf"quad_deconv{6 - n}\.deconv_{theirs}\.bias", rf"deconv{n}.bias_{ours}")
            for n in range(1, 6)
            for theirs, ours in ("rr", "gg", "bc")
        ),
    ),
)

_BANDS = (("h2h", "high_to_high"), ("h2l", "high_to_low"), ("l2h", "low_to_high"), ("l2l", "low_to_low"))

OCTNET = KeyMap(
    name="octnet",
    source="https://github.com/won548/LDCT-Octave, model/cnn_oct.py; computes on -1024..3072 HU as 0..1, as ours does",
    rules=(
        (r"conv_first\.(.*)", r"first.\1"),
        (r"conv_recon\.(.*)", r"last.\1"),
        *(
            (rf"blocks\.{number}\.conv_oct\.conv_{theirs}\.(.*)", rf"{ours}.{name}.\1")
            for number, ours in enumerate(("split", *(f"middle.{place}" for place in range(8)), "join"))
            for theirs, name in _BANDS
        ),
    ),
)

UNET = KeyMap(
    name="unet",
    source="https://github.com/won548/LDCT-Octave, model/unet.py; computes on -1024..3072 HU as 0..1, as ours does",
    rules=(
        *((rf"encoders\.(\d)\.conv_block\.{place}\.(.*)", rf"down.\1.{name}.\2") for place, name in ((0, "conv1"), (2, "conv2"))),
        *((rf"bottom\.0\.conv_block\.{place}\.(.*)", rf"bottom.{name}.\1") for place, name in ((0, "conv1"), (2, "conv2"))),
        *((rf"decoders\.(\d)\.conv_block\.{place}\.(.*)", rf"up.\1.{name}.\2") for place, name in ((0, "conv1"), (2, "conv2"))),
        (r"last\.0\.conv_block\.0\.(.*)", r"gather.\1"),
        (r"last\.1\.conv_block\.0\.(.*)", r"last.\1"),
    ),
)

WGAN_VGG = KeyMap(
    name="wgan-vgg",
    source="https://github.com/SSinyu/WGAN-VGG, networks.py; computes on -1024..3072 HU as 0..1, as ours does",
    rules=(
        *((rf"generator\.net\.{2 * number}\.(.*)", rf"generator.layers.{number}.\1") for number in range(8)),
        (r"discriminator\.net\.(.*)", r"critic.layers.\1"),
        (r"discriminator\.fc1\.(.*)", r"critic.dense.\1"),
        (r"discriminator\.fc2\.(.*)", r"critic.score.\1"),
        # Those of VGG-19 belong to the loss.
        (r"feature_extractor\..*", None),
    ),
)

_PERFORMER = (
    ("norm1.", "norm1."),
    ("kqv.", "keys_queries_values."),
    ("proj.", "project."),
    ("norm2.", "norm2."),
    ("mlp.", "perceptron."),
    ("w", "random_features"),
)

CTFORMER = KeyMap(
    name="ctformer",
    source="https://github.com/wdayang/CTformer, CTformer.py; computes on -1024..3072 HU as 0..1, as ours does",
    rules=(
        *(
            (rf"{theirs}\.attention(\d)\.{part.replace('.', '[.]')}(.*)", rf"{ours}.attention\1.{name}\2")
            for theirs, ours in (("tokens_to_token", "encoder"), ("dconv1", "decoder"))
            for part, name in _PERFORMER
        ),
        (r"tokens_to_token\.project\.(.*)", r"encoder.project.\1"),
        (r"dconv1\.project\.(.*)", r"decoder.project.\1"),
        (r"blocks\.0\.attn\.qkv\.(.*)", r"block.queries_keys_values.\1"),
        (r"blocks\.0\.attn\.proj\.(.*)", r"block.project.\1"),
        (r"blocks\.0\.mlp\.fc1\.(.*)", r"block.perceptron.0.\1"),
        (r"blocks\.0\.mlp\.fc2\.(.*)", r"block.perceptron.3.\1"),
        (r"blocks\.0\.(norm\d\..*)", r"block.\1"),
        # Sines and cosines, in both.
        (r"pos_embed", None),
        (r"cls_token", "class_token"),
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
    try:
        load_into(network, read(as_safetensors(pretrained)), key_maps, example=example)
    except DataError as error:
        # A legacy file was converted: the user's own is named, not the copy.
        raise DataError(error.reason, pretrained) from error
