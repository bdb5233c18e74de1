"""Checkpoints of public code load by its names: every tensor arrives where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from medai_ldct.models.ctformer import Ctformer
from medai_ldct.models.octnet import OctNet
from medai_ldct.models.qae import QuadraticAutoencoder
from medai_ldct.models.unet import UNet
from medai_ldct.models.wgan_vgg import WganVgg

Names = Iterator[tuple[str, str]]
"""A name there, and the name here."""


def layers(there: str, here: str) -> Names:
    for kind in ("weight", "bias"):
        yield f"{there}.{kind}", f"{here}.{kind}"


def of_qae() -> Names:
    for number in range(1, 6):
        for there, here in (
            (f"quad_conv{number}.conv", f"conv{number}"),
            (f"quad_deconv{number}.deconv", f"deconv{6 - number}"),
        ):
            for letter in "rgb":
                yield f"{there}_{letter}.weight", f"{here}.weight_{letter}"
            yield f"{there}_r.bias", f"{here}.bias_r"
            yield f"{there}_g.bias", f"{here}.bias_g"
            yield f"{there}_b.bias", f"{here}.bias_c"


def of_octnet() -> Names:
    yield from layers("conv_first", "first")
    yield from layers("conv_recon", "last")
    bands = {"h2h": "high_to_high", "h2l": "high_to_low", "l2h": "low_to_high", "l2l": "low_to_low"}
    for number in range(10):
        ours = "split" if number == 0 else "join" if number == 9 else f"middle.{number - 1}"
        for short, long in bands.items():
            if not (number == 0 and short[0] == "l") and not (number == 9 and short[-1] == "l"):
                yield from layers(f"blocks.{number}.conv_oct.conv_{short}", f"{ours}.{long}")


def of_unet() -> Names:
    for place, conv in ((0, "conv1"), (2, "conv2")):
        for level in range(3):
            yield from layers(f"encoders.{level}.conv_block.{place}", f"down.{level}.{conv}")
            yield from layers(f"decoders.{level}.conv_block.{place}", f"up.{level}.{conv}")
        yield from layers(f"bottom.0.conv_block.{place}", f"bottom.{conv}")
    yield from layers("last.0.conv_block.0", "gather")
    yield from layers("last.1.conv_block.0", "last")


def of_wgan_vgg() -> Names:
    for number in range(8):
        yield from layers(f"generator.net.{2 * number}", f"generator.layers.{number}")
    for place in range(0, 12, 2):
        yield from layers(f"discriminator.net.{place}", f"critic.layers.{place}")
    yield from layers("discriminator.fc1", "critic.dense")
    yield from layers("discriminator.fc2", "critic.score")


def of_ctformer() -> Names:
    for there, here in (("tokens_to_token", "encoder"), ("dconv1", "decoder")):
        yield from layers(f"{there}.project", f"{here}.project")
        for number in (1, 2):
            parts = {"kqv": "keys_queries_values", "proj": "project", "mlp.0": "perceptron.0", "mlp.2": "perceptron.2"}
            for short, long in (parts | {"norm1": "norm1", "norm2": "norm2"}).items():
                yield from layers(f"{there}.attention{number}.{short}", f"{here}.attention{number}.{long}")
            yield f"{there}.attention{number}.w", f"{here}.attention{number}.random_features"
    yield "blocks.0.attn.qkv.weight", "block.queries_keys_values.weight"
    for short, long in {"attn.proj": "project", "mlp.fc1": "perceptron.0", "mlp.fc2": "perceptron.3", "norm1": "norm1"}.items():
        yield from layers(f"blocks.0.{short}", f"block.{long}")
    yield from layers("blocks.0.norm2", "block.norm2")
    yield from layers("norm", "norm")
    yield from layers("head", "head")
    yield "cls_token", "class_token"


CONSTANT = {"ctformer": {"pos_embed": torch.zeros(1, 529, 16)}, "wgan-vgg": {"feature_extractor.feature_extractor.0.bias": torch.zeros(64)}}
"""What stands in a checkpoint there, and has no place here."""

NETWORKS: dict[str, tuple[Callable[..., nn.Module], Callable[[], Names]]] = {
    "qae": (lambda **given: QuadraticAutoencoder(4, **given), of_qae),
    "octnet": (lambda **given: OctNet(8, **given), of_octnet),
    "unet": (lambda **given: UNet(4, **given), of_unet),
    "wgan-vgg": (lambda **given: WganVgg(32, **given), of_wgan_vgg),
    "ctformer": (lambda **given: Ctformer(16, **given), of_ctformer),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_of_public_code_arrives_where_it_belongs(tmp_path: Path, name: str) -> None:
    make, names = NETWORKS[name]
    torch.manual_seed(0)
    own, called = make().state_dict(), dict(names())
    assert sorted(called.values()) == sorted(own)
    tensors: dict[str, Tensor] = {theirs: torch.randn_like(own[ours]) / 30 for theirs, ours in called.items()}
    save_file(tensors | CONSTANT.get(name, {}), tmp_path / "w.safetensors")
    loaded = make(pretrained=str(tmp_path / "w.safetensors")).state_dict()
    assert all(torch.equal(loaded[ours], tensors[theirs]) for theirs, ours in called.items())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_our_own_is_taken_too(tmp_path: Path, name: str) -> None:
    make, _ = NETWORKS[name]
    torch.manual_seed(1)
    own = {key: torch.randn_like(tensor) / 30 for key, tensor in make().state_dict().items()}
    save_file(own, tmp_path / "own.safetensors")
    loaded = make(pretrained=str(tmp_path / "own.safetensors")).state_dict()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in own.items())
