"""Published weights for networks of other libraries: found by `medai.weights`, fitted to a network's channels and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
import timm
import torch
import torchvision
from torch import nn

from medai.errors import DataError, UsageError
from medai.inference import IMAGENET, Statistics
from medai.weights import Weights, as_safetensors, find, load_into, read

DEFAULT = "default"
_FILES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
_HALF: Statistics = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
# Pictures in 0..255, their mean taken away.
_BYTES: Statistics = ((0.48235, 0.45882, 0.40784), (1 / 255, 1 / 255, 1 / 255))
# Of torchvision, where they are not the usual; the builders hide them in the network when they load weights themselves.
_STATISTICS: dict[str, Statistics] = {
    "googlenet": _HALF,
    "inception_v3": _HALF,
    "ssdlite320_mobilenet_v3_large": _HALF,
    "ssd300_vgg16": _BYTES,
    "vgg16.IMAGENET1K_FEATURES": _BYTES,
}


@dataclass(frozen=True)
class Found:
    """Weights that are on this machine.

    Attributes:
        path: a safetensors file.
        statistics: mean and deviation of the pictures that they were learnt on.
        tag: what the library calls them; empty for a user's own file.
    """

    path: Path
    statistics: Statistics = IMAGENET
    tag: str = ""


def of_file(pretrained: str | None, what: str) -> Path | None:
    """The file of weights that is asked for, as safetensors; None for None and `none`.

    Raises:
        UsageError: it is no file of weights, and none are published as one.
        DataError: it is missing, or holds more than tensors.
    """
    if pretrained is None or pretrained == "none":
        return None
    if not pretrained.endswith(_FILES):
        raise UsageError(
            f"pretrained = {pretrained!r}: for {what} no weights are published that can be read safely; give a file of weights "
            "(`medai weights convert` reads older ones), or go on without: --set model.pretrained=none"
        )
    return as_safetensors(pretrained)


def of_timm(architecture: str, pretrained: str | None) -> Found | None:
    """Weights of a network of timm: a file, `default`, or a tag of timm's.

    Raises:
        UsageError: timm has none of that tag.
        EnvironmentFault, DataError: as `medai.weights.find`.
    """
    if pretrained is None or pretrained == "none":
        return None
    base, _, own = architecture.partition(".")
    if pretrained.endswith(_FILES):
        about = timm.models.get_pretrained_cfg(architecture, allow_unregistered=True)
        return Found(as_safetensors(pretrained), IMAGENET if about is None else (about.mean, about.std))
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{base}.*")]
    first = timm.models.get_pretrained_cfg(architecture, allow_unregistered=True)
    tag = (own or (first.tag if first is not None else "")) if pretrained == DEFAULT else pretrained
    if tag not in tags:
        raise _none_such(pretrained, base, [DEFAULT, *tags] if tags else [])
    published: Any = timm.models.get_pretrained_cfg(f"{base}.{tag}")
    return Found(find(Weights.of_timm(f"{base}.{tag}", published)), (published.mean, published.std), tag)


def of_encoder(encoder: str, pretrained: str | None) -> Found | None:
    """Weights of an encoder of segmentation-models-pytorch: a file, `default`, or the library's name for them (`imagenet`).

    Raises:
        UsageError: there are none of that name.
        EnvironmentFault, DataError: as `medai.weights.find`.
    """
    if encoder.startswith("tu-"):
        return of_timm(encoder.removeprefix("tu-"), pretrained)
    if pretrained is None or pretrained == "none":
        return None
    known = smp.encoders.encoders[encoder]["pretrained_settings"]
    if pretrained.endswith(_FILES):
        return Found(as_safetensors(pretrained), _of_pictures(encoder, ""))
    name = ("imagenet" if "imagenet" in known else next(iter(known), "")) if pretrained == DEFAULT else pretrained
    if name not in known or "repo_id" not in known[name]:
        raise _none_such(pretrained, encoder, [DEFAULT, *known])
    weights = Weights(
        name=f"smp/{encoder}.{name}",
        license="not stated by the library",
        source=f"segmentation-models-pytorch, {known[name]['repo_id']} on Hugging Face",
        hub=known[name]["repo_id"],
        revision=known[name]["revision"],
    )
    return Found(find(weights), _of_pictures(encoder, name), name)


def of_torchvision(architecture: str, pretrained: str | None, besides: Sequence[str] = ()) -> Found | None:
    """Weights of a network of torchvision: a file, `default`, or torchvision's name for them; `besides` are names that the caller takes.

    Raises:
        UsageError: there are none of that name.
        EnvironmentFault, DataError: as `medai.weights.find`.
    """
    if pretrained is None or pretrained == "none":
        return None
    usual = _STATISTICS.get(architecture, IMAGENET)
    if pretrained.endswith(_FILES):
        return Found(as_safetensors(pretrained), usual)
    known = torchvision.models.get_model_weights(architecture)
    if pretrained != DEFAULT and pretrained not in known.__members__:
        raise _none_such(pretrained, architecture, [DEFAULT, *(member.name for member in known), *besides])
    member = known.DEFAULT if pretrained == DEFAULT else known[pretrained]
    statistics = _STATISTICS.get(f"{architecture}.{member.name}", usual)
    return Found(find(Weights.of_torchvision(architecture, member)), statistics, member.name)


def into_network(network: nn.Module, path: Path, left_out: Sequence[str] = ()) -> None:
    """Copy a file's weights into a network; what hangs on the number of classes keeps its own where that differs.

    Args:
        network: of any number of channels; a first convolution learnt on colour is fitted to them.
        path: a safetensors file.
        left_out: patterns of names that the file may have besides, such as second heads.

    Raises:
        DataError: the file is of another network.
    """
    own, held = network.state_dict(), read(path)
    held = {name: _fitted(tensor, own[name]) if name in own else tensor for name, tensor in held.items()}
    heads = [name for name, tensor in held.items() if name in own and _other_classes(tensor, own[name])]
    if len(heads) > len(held) // 4:
        raise DataError(f"is of another network than {type(network).__name__}: {len(heads)} of {len(held)} tensors differ in shape", path)
    load_into(
        network,
        {name: tensor for name, tensor in held.items() if name not in heads},
        allow_missing=(*heads, "*.num_batches_tracked", *left_out),
        allow_unexpected=left_out,
    )


def into_encoder(network: Any, weights: Found) -> None:
    """Copy weights into the encoder of a network of segmentation-models-pytorch.

    Raises:
        DataError: they are of another encoder.
    """
    own = network.encoder.state_dict()
    held = {name: _fitted(tensor, own[name]) if name in own else tensor for name, tensor in read(weights.path).items()}
    try:
        network.encoder.load_state_dict(held)  # the library's own drops the classifier that was learnt along
    except (RuntimeError, KeyError) as error:
        raise DataError(f"is of another encoder than {type(network.encoder).__name__}: {error}", weights.path) from error


def _fitted(tensor: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """A convolution learnt on three channels for others: summed, and shared out evenly, so that a grey image answers as in three equal
    channels."""
    if tensor.ndim != 4 or tensor.shape[1] != 3 or own.shape[1:2] == (3,) or own.ndim != 4 or tensor.shape[2:] != own.shape[2:]:
        return tensor
    return tensor.sum(1, keepdim=True).expand(-1, own.shape[1], -1, -1).contiguous() / own.shape[1]


def _other_classes(tensor: torch.Tensor, own: torch.Tensor) -> bool:
    return tensor.shape != own.shape and tensor.shape[1:] == own.shape[1:]


def _of_pictures(encoder: str, name: str) -> Statistics:
    """What an encoder of segmentation-models-pytorch was learnt on. The library asks the hub for it each time, where there may be no
    network; so it is stated here, as the library did until 0.4 (`_legacy_pretrained_settings.py`), for those that were not learnt on
    ImageNet's usual scale."""
    if encoder.startswith(("inception", "xception", "timm-tf_efficientnet_lite")) or name == "advprop":
        return _HALF
    if encoder.startswith("dpn"):
        return (124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3
    return IMAGENET


def _none_such(pretrained: str, what: str, known: Sequence[str]) -> UsageError:
    there = f"there are {', '.join(known)}" if known else "there are none"
    return UsageError(
        f"pretrained = {pretrained!r}: no weights of {what} are published by that name; {there}; or a file of weights, or none"
    )
