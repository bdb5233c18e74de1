"""WGAN-VGG: a generator that denoises, and a critic that tells what it gives from normal dose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from medai.errors import UsageError
from medai.tasks import Batch, Image
from medai_ldct.losses.adversarial import CriticTurn, GeneratorTurn, WassersteinAdversarial, slopes_between
from medai_ldct.models.layout import laid_out
from medai_ldct.models.published import WGAN_VGG, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.volumes import slice_by_slice

CRITIC, GENERATOR = "critic", "generator"


class WganVgg(nn.Module):
    """WGAN-VGG (Yang et al., IEEE Trans. Med. Imaging 37, 2018, 1348): a generator of 56,097 parameters and a critic of 13,991,361.

    With the 20,024,384 of the VGG-19 features that the loss holds, and that nothing trains, these are the 34,071,842 that the study
    prints. The critic is trained four times as often as the generator (the paper's algorithm 1: N_D = 4), by the loss
    `ldct/wasserstein-adversarial`; each step takes a batch of its own. Both compute in float32, whatever the precision of the training.

    HU in and out, float32 (B, 1, H, W), or a volume (B, 1, D, H, W) slice by slice; only the generator answers.

    Args:
        patch: pixels along each side of what the critic looks at. 80 gives the printed count, as the layers are not padded; 29 at least.
            Of larger training images it looks at a square of that size, drawn at random; smaller ones are refused.
        pretrained: a file of weights to start from, ours or of the public code that `medai_ldct.models.published` names, generator and
            critic; none by default.

    Raises:
        UsageError: `patch` is too small for the critic.
    """

    turns = (*[CRITIC] * 4, GENERATOR)

    def __init__(self, patch: int = 80, pretrained: str | None = None) -> None:
        super().__init__()
        self.patch = patch
        self.generator = Generator()
        self.critic = Critic(patch)
        load_published(self, pretrained, (WGAN_VGG,))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        denoised: torch.Tensor = self.generator(hu)
        return denoised

    def parameters_for(self, turn: str) -> Iterator[nn.Parameter]:
        """The parameters that a turn trains."""
        return (self.critic if turn == CRITIC else self.generator).parameters()

    def training_step(self, batch: Batch[Image, Image], loss: Callable[..., Any] | None, turn: str) -> Mapping[str, torch.Tensor]:
        """The losses of a turn, by name.

        Raises:
            UsageError: the recipe names no loss, or another one than `ldct/wasserstein-adversarial`.
        """
        if loss is None or (isinstance(loss, nn.Module) and not isinstance(loss, WassersteinAdversarial)):
            named = "no loss" if loss is None else type(loss).__name__
            raise UsageError(f"ldct/wgan-vgg is trained by the loss ldct/wasserstein-adversarial; the recipe names {named}")
        assert batch.reference is not None  # the engine trains on cases that have one
        given, wanted = self._window(batch.inputs.pixels, batch.reference.pixels)
        # In bfloat16 soft tissue would be rounded to steps of 4 HU, and the critic would learn to see that.
        with torch.autocast(given.device.type, enabled=False):
            found: Mapping[str, torch.Tensor]
            if turn == CRITIC:
                with torch.no_grad():
                    denoised, real = to_unit(self.generator(given)), to_unit(wanted)
                found = loss(CriticTurn(self.critic(denoised), slopes_between(self.critic, denoised, real)), self.critic(real))
            else:
                denoised = self.generator(given)
                found = loss(GeneratorTurn(self.critic(to_unit(denoised)), denoised), wanted)
            return found

    def _window(self, *images: torch.Tensor) -> list[torch.Tensor]:
        """The same square of each image, drawn with torch's generator, which the engine seeds by the step."""
        height, width = images[0].shape[-2:]
        if images[0].ndim != 4 or min(height, width) < self.patch:
            raise UsageError(
                f"the critic looks at {self.patch} x {self.patch} pixels and was given {tuple(images[0].shape)}: train on patches of "
                f"that size, or give the model `patch`"
            )
        top = int(torch.randint(height - self.patch + 1, ()))
        left = int(torch.randint(width - self.patch + 1, ()))
        return [image[..., top : top + self.patch, left : left + self.patch] for image in images]


class Generator(nn.Module):
    """Eight 3x3 convolutions, each followed by a ReLU; 32 filters, the last layer one.

    It has no shortcut. So that it starts out close to the identity all the same, in each layer one filter begins as the one that hands on
    the slice; the others are drawn after He et al. (ICCV 2015, 1026), and the last layer's other weights are nearly zero.

    HU in and out, float32 (B, 1, H, W), or a volume (B, 1, D, H, W) slice by slice.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = [1, *[32] * 7, 1]
        layers = [nn.Conv2d(given, out, 3, padding=1) for given, out in pairwise(widths)]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # it has one
        nn.init.normal_(layers[-1].weight, std=1e-3)
        with torch.no_grad():
            for layer in layers:
                if layer is not layers[-1]:
                    layer.weight[0] = 0
                layer.weight[0, 0, 1, 1] = 1
        self.layers = nn.ModuleList(layers)

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        features = laid_out(to_unit(hu))
        for layer in self.layers:
            features = layer(features).relu_()
        return from_unit(features)


class Critic(nn.Module):
    """Six 3x3 convolutions without padding, every second of stride 2, and two dense layers; leaky ReLUs of slope 0.01 between them.

    Takes slices (B, 1, patch, patch) on the networks' scale and gives a score each, (B, 1): the higher, the more like normal dose. It has
    no normalisation over the batch, which would give the penalty of a slice a share in the others.

    Args:
        patch: pixels along each side.

    Raises:
        UsageError: nothing would be left of so few pixels.
    """

    def __init__(self, patch: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels, side = 1, patch
        for width in (64, 128, 256):
            layers += [nn.Conv2d(channels, width, 3), nn.LeakyReLU(), nn.Conv2d(width, width, 3, stride=2), nn.LeakyReLU()]
            channels, side = width, (side - 2 - 3) // 2 + 1
        if side < 1:
            raise UsageError(f"patch = {patch}: the critic needs 29 pixels at least along each side")
        self.layers = nn.Sequential(*layers)
        self.dense = nn.Linear(channels * side * side, 1024)
        self.score = nn.Linear(1024, 1)
        self.activation = nn.LeakyReLU()

    def forward(self, slices: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.score(self.activation(self.dense(self.layers(slices).flatten(1))))
        return scores
