"""RED-CNN and EDCNN: the printed counts, HU on both sides, volumes."""

import pytest
import torch

from medai_ldct.models.edcnn import Edcnn
from medai_ldct.models.redcnn import RedCnn


@pytest.mark.parametrize(("network", "printed"), [(RedCnn, 1_848_865), (Edcnn, 80_961)])
def test_trainable_parameters_are_those_of_the_study(network: type[torch.nn.Module], printed: int) -> None:
    assert sum(parameter.numel() for parameter in network().parameters() if parameter.requires_grad) == printed


@pytest.mark.parametrize("network", [RedCnn(8), Edcnn(8)])
def test_with_nothing_learnt_the_shortcut_gives_the_input(network: torch.nn.Module) -> None:
    last = network.deconv5 if isinstance(network, RedCnn) else network.blocks[-1].look
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    hu = torch.rand(2, 1, 40, 33) * 3000 - 1000
    with torch.no_grad():
        assert torch.allclose(network(hu), hu, atol=1e-2)


@pytest.mark.parametrize("filters", [32, 96])
def test_redcnn_starts_close_to_the_input(filters: int) -> None:
    torch.manual_seed(0)
    hu = 60 + 20 * torch.randn(1, 1, 40, 40)
    with torch.no_grad():
        assert float((RedCnn(filters)(hu) - hu).abs().mean()) < 100


@pytest.mark.parametrize("network", [RedCnn(8), Edcnn(8)])
def test_the_output_is_float32_under_autocast(network: torch.nn.Module) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = network(torch.zeros(1, 1, 32, 32))
    assert output.dtype == torch.float32 and output.shape == (1, 1, 32, 32)


def test_sobel_operators_are_not_trained_but_their_factors_are() -> None:
    edges = Edcnn().edges
    assert {name for name, _ in edges.named_parameters()} == {"factor", "bias"}
    assert edges.operators.shape == (32, 1, 3, 3) and len(torch.unique(edges.operators, dim=0)) == 4
    ramp = torch.arange(8.0)[None, None, :, None].expand(1, 1, 8, 8)
    with torch.no_grad():
        found = edges(ramp)[0, :4, 4, 4]
    assert found.tolist() == [8.0, 0.0, 6.0, -6.0]


def test_every_parameter_of_edcnn_learns() -> None:
    network = Edcnn()
    network(torch.rand(1, 1, 24, 24) * 400).square().mean().backward()
    assert all(parameter.grad is not None and bool((parameter.grad != 0).any()) for parameter in network.parameters())


@pytest.mark.parametrize("network", [RedCnn(8), Edcnn(8)])
def test_a_volume_is_its_slices_one_by_one(network: torch.nn.Module) -> None:
    torch.manual_seed(0)
    volume = torch.rand(2, 1, 3, 32, 25) * 3000 - 1000
    with torch.no_grad():
        found = network(volume)
        slices = [network(volume[:, :, place]) for place in range(3)]
    assert found.shape == volume.shape and found.dtype == torch.float32
    for place, one in enumerate(slices):
        assert torch.equal(found[:, :, place], one)
    assert not torch.equal(slices[0], slices[1])
