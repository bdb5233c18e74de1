"""The layers that the networks are made of, against the equations and against the plain way to compute them."""

import pytest
import torch
from torch.nn import functional

from medai.errors import UsageError
from medai_ldct.models.ctformer import Ctformer
from medai_ldct.models.doubling import DoublingConvolution
from medai_ldct.models.layout import laid_out
from medai_ldct.models.octnet import OctaveConvolution
from medai_ldct.models.qae import Quadratic
from medai_ldct.models.tokens import Performer, sinusoids


def test_a_quadratic_neuron_by_hand() -> None:
    layer = Quadratic(1, 1)
    with torch.no_grad():
        for weight, value in ((layer.weight_r, 2.0), (layer.weight_g, 3.0), (layer.weight_b, 5.0)):
            weight.zero_()[0, 0, 1, 1] = value
        layer.bias_r.fill_(0.5)
        layer.bias_g.fill_(0.25)
        layer.bias_c.fill_(7.0)
        found = layer(torch.tensor([[[[2.0]]]]))
    assert float(found) == (2 * 2 + 0.5) * (3 * 2 + 0.25) + 5 * 4 + 7


@pytest.mark.parametrize("transposed", [False, True])
def test_a_quadratic_layer_begins_as_a_linear_one(transposed: bool) -> None:
    torch.manual_seed(0)
    layer, features = Quadratic(3, 4, transposed=transposed), torch.randn(1, 3, 9, 9)
    plain = functional.conv_transpose2d if transposed else functional.conv2d
    with torch.no_grad():
        torch.testing.assert_close(layer(features), plain(features, layer.weight_r, padding=1))
    drawn = layer.weight_r.detach()
    assert 0.05 < float(drawn.std()) < 0.12 and float(drawn.abs().max()) <= 0.2


@pytest.mark.parametrize("size", [(1, 1), (5, 8)])
def test_a_doubling_convolution_is_one_over_doubled_and_stacked_features(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer = DoublingConvolution(3, 2, 4)
    coarse, fine = torch.randn(2, 3, *size, requires_grad=True), torch.randn(2, 2, 2 * size[0], 2 * size[1])
    stacked = torch.cat([functional.interpolate(coarse, scale_factor=2.0, mode="nearest"), fine], 1)
    expected = functional.conv2d(stacked, layer.weight, layer.bias, padding=1)
    found = layer(coarse, fine)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    for learnt in (coarse, layer.weight, layer.bias):
        (ours,), (plain,) = (torch.autograd.grad(each.square().sum(), learnt, retain_graph=True) for each in (found, expected))
        torch.testing.assert_close(ours, plain, atol=1e-3, rtol=1e-4)


def test_an_octave_convolution_hands_averages_down_and_repeats_pixels_up() -> None:
    layer = OctaveConvolution(1, 1)
    with torch.no_grad():
        for number, part in enumerate((layer.high_to_high, layer.low_to_high, layer.high_to_low, layer.low_to_low)):
            part.weight.zero_()[0, 0, 1, 1] = 10.0**number
            part.bias.zero_()
        high, low = layer(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]]), torch.tensor([[[[5.0]]]]))
    assert high[0, 0].tolist() == [[51.0, 52.0], [53.0, 56.0]]
    assert low[0, 0].tolist() == [[300.0 + 5000.0]]


def test_a_slice_is_laid_out_channel_last_and_layers_keep_that() -> None:
    slice_ = torch.randn(2, 1, 6, 7)
    laid = laid_out(slice_)
    assert torch.equal(laid, slice_) and laid.data_ptr() == slice_.data_ptr()
    assert torch.nn.Conv2d(1, 4, 3)(laid).is_contiguous(memory_format=torch.channels_last)


def attention_of(layer: Performer, keys: torch.Tensor, queries: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """By the equation, in double precision."""
    features = layer.random_features.double()
    lifted = [(each @ features.T - each.square().sum(-1, keepdim=True) / 2).exp() for each in (queries.double(), keys.double())]
    weights = lifted[0] @ lifted[1].transpose(1, 2)
    return weights @ values.double() / weights.sum(-1, keepdim=True)


@pytest.mark.parametrize("share", [0.01, 0.25, 1.0])
def test_attention_is_that_of_random_features_even_where_their_exponentials_are_vast(share: float) -> None:
    torch.manual_seed(0)
    layer = Performer(4, 576, 0.0)
    # Along one of the features, w, the exponent is |w|^2 / 2 = 144 at most; exp(89) is more than float32 holds.
    along = share * layer.random_features[0]
    keys, queries = (along + 0.3 * torch.randn(2, 7, 576) / 24 for _ in range(2))
    values = torch.randn(2, 7, 576)
    found = layer._attention(keys, queries, values)
    torch.testing.assert_close(found.double(), attention_of(layer, keys, queries, values), atol=1e-3, rtol=1e-3)


def test_positions_are_sines_and_cosines() -> None:
    found = sinusoids(5, 4)[0]
    assert found[3].tolist() == pytest.approx([0.14112, -0.98999, 0.0299955, 0.99955], abs=1e-5)


def test_ctformer_answers_a_slice_by_the_centres_of_overlapping_windows() -> None:
    torch.manual_seed(0)
    network = Ctformer(16).eval()
    network.decoder.attention1.keys_queries_values.weight.data.normal_(0, 0.02)
    hu = 400 * torch.rand(1, 1, 96, 64) - 100
    scaled = functional.pad((hu + 1024) / 4096, [16] * 4)
    with torch.no_grad():
        found = network(hu)
        for top in range(0, 96, 32):
            for left in range(0, 64, 32):
                window = network._window(scaled[..., top : top + 64, left : left + 64])[..., 16:48, 16:48] * 4096 - 1024
                torch.testing.assert_close(found[..., top : top + 32, left : left + 32], window, atol=0.05, rtol=1e-5)
        # In training the window is answered as it is, to its borders.
        assert float((network._window(scaled[..., 16:80, 16:80]) * 4096 - 1024 - found[..., :64, :64]).abs().max()) > 1


def test_ctformer_learns_from_its_own_windows_alone() -> None:
    with pytest.raises(UsageError, match="patches of 64 x 64 pixels and was given"):
        Ctformer(16).train()(torch.zeros(1, 1, 48, 48))
