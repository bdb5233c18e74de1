"""The study's networks: the printed counts, HU on both sides, slices of any size, volumes."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from medai.errors import UsageError
from medai_ldct.models.ctformer import Ctformer
from medai_ldct.models.edcnn import Edcnn
from medai_ldct.models.octnet import OctNet
from medai_ldct.models.qae import QuadraticAutoencoder
from medai_ldct.models.redcnn import RedCnn
from medai_ldct.models.unet import UNet
from medai_ldct.models.wgan_vgg import WganVgg

SMALL: dict[str, Callable[[], nn.Module]] = {
    "redcnn": lambda: RedCnn(8),
    "edcnn": lambda: Edcnn(8),
    "qae": lambda: QuadraticAutoencoder(4),
    "octnet": lambda: OctNet(8),
    "unet": lambda: UNet(4),
    "wgan-vgg": lambda: WganVgg(32),
    "ctformer": lambda: Ctformer(16),
}


@pytest.fixture(params=SMALL)
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return stirred(SMALL[request.param]().eval())


def stirred(network: nn.Module) -> nn.Module:
    """As after some training: no layer is nearly zero, as those are that a residual begins with."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter) / max(1, parameter[0].numel()) ** 0.5)
    return network


def trainable(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@pytest.mark.parametrize(
    ("network", "printed"), [(RedCnn, 1_848_865), (Edcnn, 80_961), (QuadraticAutoencoder, 49_818), (OctNet, 371_073), (UNet, 7_819_201)]
)
def test_trainable_parameters_are_those_of_the_study(network: type[nn.Module], printed: int) -> None:
    assert trainable(network()) == printed


@pytest.mark.parametrize("alpha", [0.125, 0.25, 0.5])
def test_octave_convolutions_have_as_many_parameters_for_every_share(alpha: float) -> None:
    assert trainable(OctNet(alpha=alpha)) == 371_073


@pytest.mark.parametrize("alpha", [0.0, 0.01, 1.0])
def test_a_band_without_filters_is_refused(alpha: float) -> None:
    with pytest.raises(UsageError, match="of 64 filters, it leaves"):
        OctNet(alpha=alpha)


def test_ctformer_has_the_authors_parameters_within_a_thousandth_of_the_studys() -> None:
    found = trainable(Ctformer())
    assert found == 1_447_477 and abs(found - 1_448_265) < 0.001 * 1_448_265


@pytest.mark.parametrize("name", SMALL)
def test_a_network_starts_out_close_to_its_input(name: str) -> None:
    torch.manual_seed(0)
    hu = 60 + 20 * torch.randn(1, 1, 40, 40)
    with torch.no_grad():
        assert float((SMALL[name]().eval()(hu) - hu).abs().mean()) < 100


@pytest.mark.parametrize("network", [RedCnn(8), Edcnn(8)])
def test_with_nothing_learnt_the_shortcut_gives_the_input(network: nn.Module) -> None:
    last = network.deconv5 if isinstance(network, RedCnn) else network.blocks[-1].look
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    hu = torch.rand(2, 1, 40, 33) * 3000 - 1000
    with torch.no_grad():
        assert torch.allclose(network(hu), hu, atol=1e-2)


@pytest.mark.parametrize("filters", [32, 96])
def test_redcnn_starts_close_to_the_input(filters: int) -> None:
    torch.manual_seed(0)
    hu = 60 + 20 * torch.randn(1, 1, 40, 40)
    with torch.no_grad():
        assert float((RedCnn(filters)(hu) - hu).abs().mean()) < 100


@pytest.mark.parametrize("size", [(37, 41), (64, 64), (22, 90)])
def test_a_slice_of_any_size_is_answered_at_its_size(network: nn.Module, size: tuple[int, int]) -> None:
    hu = 400 * torch.rand(2, 1, *size) - 100
    with torch.no_grad():
        answer = network(hu)
    assert answer.shape == hu.shape and bool(answer.isfinite().all())


@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
@pytest.mark.parametrize("name", ["octnet", "unet", "wgan-vgg", "ctformer"])
def test_a_slice_may_be_as_small_as_a_pixel(name: str, size: tuple[int, int]) -> None:
    with torch.no_grad():
        assert SMALL[name]().eval()(torch.zeros(1, 1, *size)).shape == (1, 1, *size)


def test_the_output_is_float32_under_autocast(network: nn.Module) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        output = network(torch.zeros(1, 1, 32, 32))
    assert output.dtype == torch.float32 and output.shape == (1, 1, 32, 32)


def test_a_slice_is_answered_alone_as_beside_others_and_is_not_changed(network: nn.Module) -> None:
    hu = 400 * torch.rand(3, 1, 40, 48) - 100
    before = hu.clone()
    with torch.no_grad():
        torch.testing.assert_close(network(hu)[1:2], network(hu[1:2]), atol=0.05, rtol=1e-5)
    assert torch.equal(hu, before)


def test_a_volume_is_its_slices_one_by_one(network: nn.Module) -> None:
    volume = torch.rand(2, 1, 3, 32, 25) * 3000 - 1000
    with torch.no_grad():
        found = network(volume)
        slices = [network(volume[:, :, place]) for place in range(3)]
    assert found.shape == volume.shape and found.dtype == torch.float32
    for place, one in enumerate(slices):
        assert torch.equal(found[:, :, place], one)
    assert not torch.equal(slices[0], slices[1])


def test_sobel_operators_are_not_trained_but_their_factors_are() -> None:
    edges = Edcnn().edges
    assert {name for name, _ in edges.named_parameters()} == {"factor", "bias"}
    assert edges.operators.shape == (32, 1, 3, 3) and len(torch.unique(edges.operators, dim=0)) == 4
    ramp = torch.arange(8.0)[None, None, :, None].expand(1, 1, 8, 8)
    with torch.no_grad():
        found = edges(ramp)[0, :4, 4, 4]
    assert found.tolist() == [8.0, 0.0, 6.0, -6.0]


@pytest.mark.parametrize("name", ["edcnn", "qae", "octnet", "unet"])
def test_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    network = stirred(SMALL[name]())
    network(torch.rand(1, 1, 24, 24) * 400).square().mean().backward()
    assert all(parameter.grad is not None and bool((parameter.grad != 0).any()) for parameter in network.parameters())
