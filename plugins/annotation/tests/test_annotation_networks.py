"""The study's own networks: the public counts of parameters, images of any size, the normalisation, and that they learn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Case, Image, Sample
from medai_annotation.models.costumed_unet import CostumedUNet
from medai_annotation.models.linear_attention import Attention, LinearAttentionMANet
from medai_annotation.models.multiresunet import MultiResUNet
from medai_annotation.models.remover import Remover
from medai_annotation.models.vanilla_unet import VanillaUNet

OWN: dict[str, Callable[[], Remover]] = {
    "costumed-unet": CostumedUNet,
    "unet-vanilla": lambda: VanillaUNet(filters=8, depth=3),
    "multiresunet": lambda: MultiResUNet(filters=8),
    "manet-linear-attention": lambda: LinearAttentionMANet(encoder="resnet18"),
}


@pytest.fixture(params=OWN)
def network(request: pytest.FixtureRequest) -> Remover:
    torch.manual_seed(0)
    return OWN[request.param]()


def trainable(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@dataclass
class Images:
    """A feed of images alone."""

    held: list[Image]

    def __len__(self) -> int:
        return len(self.held)

    def samples(self, epoch: int = 0) -> Iterator[Sample[Image, Image]]:
        return (Sample(Case(f"case-{place}", f"case-{place}"), image, image) for place, image in enumerate(self.held))

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Batch[Image, Image] | None]:
        raise NotImplementedError


def test_the_costumed_unet_has_the_parameters_of_the_noise2noise_unet() -> None:
    assert trainable(CostumedUNet()) == 700_611
    assert trainable(CostumedUNet(shared=False)) == 1_344_147


def test_the_vanilla_unet_has_the_parameters_of_the_first_unet() -> None:
    # Of two 3x3 convolutions, biases with them, at widths 64 to 1024 and back, four 2x2 transposed ones and a 1x1 one, in three colours.
    assert trainable(VanillaUNet()) == 31_031_875


def test_multiresunet_has_the_values_that_its_paper_prints_but_for_the_last_layer() -> None:
    network = MultiResUNet()
    running = sum(value.numel() for name, value in network.named_buffers() if "running" in name)
    image, probability = 51 * 3 + 3, 51 + 3  # the 1x1 convolution to an image; theirs to one map, with beta, mean and variance
    assert trainable(network) + running - image + probability == 7_262_750


def test_the_linear_attention_manet_has_the_parameters_of_the_authors_code() -> None:
    assert trainable(LinearAttentionMANet()) == 35_859_755


def test_attention_over_places_is_that_of_the_whole_matrix_of_softplus_products() -> None:
    torch.manual_seed(0)
    places = Attention(16).places
    torch.nn.init.ones_(places.gamma)
    features = torch.randn(2, 16, 3, 5)
    query, key = (torch.nn.functional.softplus(each(features).flatten(2)) for each in (places.query, places.key))
    weights = query.transpose(1, 2) @ key
    weights = weights / weights.sum(2, keepdim=True)
    attended = places.value(features).flatten(2) @ weights.transpose(1, 2)
    torch.testing.assert_close(places(features), features + attended.reshape(features.shape), rtol=1e-4, atol=1e-5)


def test_attention_over_channels_is_to_those_least_alike() -> None:
    channels = Attention(8).channels
    torch.nn.init.ones_(channels.gamma)
    features = torch.tensor([[10.0, 0.0], [10.0, 0.0], [0.0, 10.0]]).reshape(1, 3, 1, 2)
    expected = torch.tensor([[10.0, 10.0], [10.0, 10.0], [10.0, 10.0]]).reshape(1, 3, 1, 2)
    torch.testing.assert_close(channels(features), expected)


def test_attention_begins_as_the_identity_twice() -> None:
    features = torch.randn(1, 16, 4, 4)
    torch.testing.assert_close(Attention(16)(features), 2 * features)


def test_an_encoder_that_is_no_resnet_is_refused() -> None:
    with pytest.raises(UsageError, match="resnet18, resnet34"):
        LinearAttentionMANet(encoder="vgg16")


def test_the_costumed_unet_is_drawn_as_he_with_biases_of_zero() -> None:
    torch.manual_seed(0)
    drawn = CostumedUNet()
    assert all(not value.any() for name, value in drawn.named_parameters() if name.endswith("bias"))
    weights = drawn.get_parameter("lowest.0.weight").detach()
    assert float(weights.std()) == pytest.approx((2 / (96 * 9)) ** 0.5, rel=0.02)


def test_levels_that_share_blocks_give_what_levels_with_copies_of_one_block_give() -> None:
    shared, own = CostumedUNet().eval(), CostumedUNet(shared=False).eval()
    state = shared.state_dict()
    own.load_state_dict({name: state[name if name in state else _first_of_its_blocks(name)] for name in own.state_dict()})
    pixels = torch.rand(1, 3, 64, 32)
    torch.testing.assert_close(shared(pixels), own(pixels))


def _first_of_its_blocks(name: str) -> str:
    block, _, *rest = name.split(".")
    return ".".join([block, "0", *rest])


def test_any_size_is_answered_on_its_grid(network: Remover) -> None:
    network.eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 33, 47)).shape == (1, 3, 33, 47)
        assert network(torch.rand(1, 3, 1, 5)).shape == (1, 3, 1, 5)


def test_a_gradient_reaches_every_parameter(network: Remover) -> None:
    network(torch.rand(2, 3, 33, 47)).square().mean().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []


def test_two_images_are_learnt(network: Remover) -> None:
    torch.manual_seed(1)
    clean = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8), (64, 64), mode="bilinear")
    given = clean.clone()
    given[:, :, 20:30, 20:30] = 1.0
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = (network(given) - clean).abs().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.75 * losses[0]


def test_on_a_cpu_the_channels_lie_last_in_memory_within_the_network() -> None:
    network = CostumedUNet().eval()
    seen: list[torch.Tensor] = []
    network.last.register_forward_pre_hook(lambda part, given: seen.append(given[0]))
    with torch.no_grad():
        network(torch.rand(2, 3, 33, 47))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_a_grey_image_is_repeated_and_answered_grey() -> None:
    network = CostumedUNet().eval()
    grey = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network(grey), network(grey.expand(-1, 3, -1, -1)).mean(1, keepdim=True))


def test_a_volume_is_answered_slice_by_slice() -> None:
    network = CostumedUNet().eval()
    volume = torch.rand(1, 3, 2, 32, 40)
    with torch.no_grad():
        answer = network(volume)
        torch.testing.assert_close(answer[:, :, 1], network(volume[:, :, 1]))
    assert answer.shape == volume.shape


def test_linear_normalisation_leaves_values_as_they_are() -> None:
    network = CostumedUNet()
    network.prepare(Images([Image(torch.rand(3, 8, 8), "0..1")]))
    pixels = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(network.scaled(pixels), pixels)


def test_smn_is_by_mean_and_deviation_of_the_training_images_per_channel() -> None:
    torch.manual_seed(0)
    images = [0.3 + 0.1 * torch.rand(3, 8, size) for size in (8, 20)]
    network = CostumedUNet(normalisation="smn").eval()
    network.prepare(Images([Image(each, "0..1") for each in images]))
    values = torch.cat([each.flatten(1) for each in images], 1)
    torch.testing.assert_close(network.mean.flatten(), values.mean(1))
    torch.testing.assert_close(network.deviation.flatten(), values.std(1, correction=0), rtol=1e-4, atol=1e-6)


def test_smn_is_taken_back_from_the_answer_and_is_kept_with_the_weights() -> None:
    torch.manual_seed(0)
    network = CostumedUNet(normalisation="smn").eval()
    network.prepare(Images([Image(0.3 + 0.1 * torch.rand(3, 32, 32), "0..1")]))
    pixels = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        expected = network.maps((pixels - network.mean) / network.deviation) * network.deviation + network.mean
        torch.testing.assert_close(network(pixels), expected)
        again = CostumedUNet(normalisation="smn").eval()
        again.load_state_dict(network.state_dict())
        torch.testing.assert_close(again(pixels), expected)


def test_smn_of_images_of_one_value_is_refused() -> None:
    with pytest.raises(DataError, match="one value only"):
        CostumedUNet(normalisation="smn").prepare(Images([Image(torch.full((3, 8, 8), 0.5), "0..1")]))


def test_another_normalisation_or_unit_or_count_of_channels_is_refused() -> None:
    with pytest.raises(UsageError, match="linear or smn"):
        CostumedUNet(normalisation="z")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="in HU"):
        CostumedUNet().prepare(Images([Image(torch.zeros(1, 8, 8), "HU")]))
    with pytest.raises(DataError, match="channels = 3"):
        CostumedUNet()(torch.rand(1, 2, 32, 32))
    with pytest.raises(DataError, match="case-0 has 2 channels"):
        CostumedUNet(normalisation="smn").prepare(Images([Image(torch.rand(2, 8, 8), "0..1")]))
