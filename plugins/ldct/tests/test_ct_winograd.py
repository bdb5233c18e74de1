"""Convolutions that multiply less, against torch's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from medai_ldct.models import winograd
from medai_ldct.models.qae import QuadraticAutoencoder
from medai_ldct.models.redcnn import RedCnn
from medai_ldct.models.winograd import Convolution, TransposedConvolution

PLAIN: dict[type[nn.Module], Any] = {Convolution: functional.conv2d, TransposedConvolution: functional.conv_transpose2d}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """The shapes that were convolved so."""
    shapes: list[torch.Size] = []
    convolved = winograd.convolved

    def noted(features: torch.Tensor, *rest: Any) -> torch.Tensor:
        shapes.append(features.shape)
        return convolved(features, *rest)

    monkeypatch.setattr(winograd, "convolved", noted)
    return shapes


@pytest.mark.parametrize("layer", PLAIN)
@pytest.mark.parametrize("padding", [0, (2, 1)])
@pytest.mark.parametrize("size", [(5, 5), (12, 9), (13, 40), (90, 70)])
def test_answers_are_torchs_to_rounding(layer: Any, padding: Any, size: tuple[int, int], calls: list[torch.Size]) -> None:
    torch.manual_seed(0)
    made, features = layer(64, 70, 5, padding=padding), torch.randn(2, 64, *size)
    expected = PLAIN[layer](features.double(), made.weight.double(), made.bias.double(), padding=padding)
    with torch.no_grad():
        found = made(features)
    assert calls and found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.double(), expected, atol=2e-5 * float(expected.detach().abs().max()), rtol=0)


def test_a_strip_ends_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    made, features = Convolution(64, 64, 5, bias=False), torch.randn(1, 64, 39, 8)
    with torch.no_grad():
        whole = made(features)
        monkeypatch.setattr(winograd, "_STRIP", 2 * features[0, :, 0].numel())
        torch.testing.assert_close(made(features), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "layer",
    [
        Convolution(63, 64, 5),
        Convolution(64, 64, 3),
        Convolution(64, 64, 5, stride=2),
        Convolution(64, 64, 5, dilation=2),
        Convolution(128, 128, 5, groups=2),
        Convolution(64, 64, 5, padding=2, padding_mode="reflect"),
        Convolution(64, 64, 5, padding="same"),
        TransposedConvolution(64, 64, 5, stride=2),
        TransposedConvolution(64, 64, 5, padding=5),
    ],
)
def test_what_would_not_be_faster_or_the_same_is_torchs_own(layer: Any, calls: list[torch.Size]) -> None:
    with torch.no_grad():
        layer(torch.zeros(1, layer.in_channels, 12, 12))
    assert not calls


def test_gradients_and_bf16_are_torchs_own(calls: list[torch.Size]) -> None:
    layer, features = Convolution(64, 64, 5), torch.randn(1, 64, 8, 8)
    layer(features).sum().backward()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert layer(features).dtype == torch.bfloat16
    assert layer.weight.grad is not None and not calls


def test_a_slice_that_a_kernel_does_not_fit_is_refused_as_by_torch() -> None:
    with torch.no_grad(), pytest.raises(RuntimeError, match="Kernel size"):
        Convolution(64, 64, 5)(torch.zeros(1, 64, 4, 9))


def test_a_network_is_exported_in_torchs_own_operations() -> None:
    with torch.no_grad():
        program = torch.export.export(RedCnn(64).eval(), (torch.zeros(1, 1, 24, 24),))
    assert "medai_ldct" not in str(program.graph)


def test_redcnn_answers_as_when_it_is_trained_and_compiles_whole(calls: list[torch.Size]) -> None:
    torch.manual_seed(0)
    network, hu = RedCnn(64).eval(), 400 * torch.rand(1, 1, 27, 30)
    nn.init.normal_(network.deconv5.weight, std=0.02)
    trained = network(hu).detach()
    assert not calls
    with torch.no_grad():
        found = network(hu)
        assert len(calls) == 8
        torch.testing.assert_close(found, trained, atol=1e-5 * 4096, rtol=0)
    whole = torch.compile(network, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(whole(hu), found, atol=1e-5 * 4096, rtol=0)


def test_operations_are_counted_as_torch_counts_the_plain_layers() -> None:
    network, hu = RedCnn(64).eval(), torch.zeros(1, 1, 24, 24)
    counts = []
    for wanted in (True, False):
        with torch.set_grad_enabled(wanted), FlopCounterMode(display=False) as counter:
            network(hu)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0


def test_qae_hands_features_on_with_the_channels_last() -> None:
    seen: list[bool] = []
    network = QuadraticAutoencoder(4)
    for layer in (network.conv1, network.conv4, network.deconv1, network.deconv4):
        layer.register_forward_hook(lambda _layer, _given, found: seen.append(found.is_contiguous(memory_format=torch.channels_last)))
    network(torch.zeros(1, 1, 12, 12))
    assert seen == [True] * 4
