"""The losses of EDCNN and WGAN-VGG: their values by hand, their weights, what they need and what they do without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from medai._engine.configure import Request, configure
from medai._engine.models import build_loss
from medai.api import build
from medai.errors import DataError, EnvironmentFault, UsageError
from medai.tasks import Batch, Case, Image, Sample
from medai_ldct.losses import features
from medai_ldct.losses.adversarial import CriticTurn, GeneratorTurn, WassersteinAdversarial, slopes_between
from medai_ldct.losses.features import ResNet50Stages, Vgg19Features
from medai_ldct.losses.perceptual import CompoundLoss, PerceptualLoss
from medai_ldct.models.wgan_vgg import WganVgg


@pytest.fixture
def without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no cache and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise EnvironmentFault("no network")

    for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("MEDAI_WEIGHTS", raising=False)
    monkeypatch.setattr("medai.weights._find.fetch", refuse)


class Doubles(nn.Module):
    """In place of a network: the first channel, times two, and a second map three times that."""

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        return [2 * pictures[:, :1], 6 * pictures[:, :1]]


def images(*values: float) -> list[torch.Tensor]:
    return [torch.full((1, 1, 16, 16), value) for value in values]


def test_the_compound_loss_by_hand() -> None:
    loss = CompoundLoss(perceptual=0.01, pretrained="none")
    loss.network = Doubles()
    output, target = images(30.0, 10.0)
    found = loss(output, target)
    assert float(found["mse"]) == 400.0
    # Twice and six times 20 HU, squared, are 1600 and 14400; the scale of 0..1 has been undone.
    assert float(found["perceptual"]) == pytest.approx(0.01 * (1600 + 14400) / 2, rel=1e-4)


def test_the_perceptual_loss_by_hand() -> None:
    loss = PerceptualLoss(pretrained="none")
    seen: list[torch.Tensor] = []
    loss.network = nn.Identity()
    loss.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    output, target = images(1024.0, 0.0)
    found = loss(output, target)
    scale = [0.25 / deviation for deviation in (0.229, 0.224, 0.225)]
    assert float(found) == pytest.approx(sum(each**2 for each in scale) / 3, rel=1e-5)
    # 1024 HU are 0.5 on the networks' scale; then as torchvision's weights were learnt.
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx([(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225], rel=1e-4)


def test_the_adversarial_losses_by_hand() -> None:
    loss = WassersteinAdversarial(penalty=10.0, perceptual=0.0)
    scores, real = torch.tensor([[1.0], [4.0]]), torch.tensor([[5.0], [6.0]])
    critic = loss(CriticTurn(scores, torch.tensor([0.5, 3.0])), real)
    assert {name: float(value) for name, value in critic.items()} == {"distance": -3.0, "penalty": 10 * (0.25 + 4.0) / 2}
    generator = loss(GeneratorTurn(scores, images(0.0)[0]), images(0.0)[0])
    assert {name: float(value) for name, value in generator.items()} == {"adversarial": -2.5}


def test_the_generators_features_are_weighted() -> None:
    loss = WassersteinAdversarial(perceptual=0.1, pretrained="none")
    assert loss.features is not None
    loss.features.network = nn.Identity()
    output, target = images(1024.0, 0.0)
    found = loss(GeneratorTurn(torch.zeros(1, 1), output), target)
    assert float(found["perceptual"]) == pytest.approx(0.1 * float(loss.features(output, target)))


def test_the_slope_of_a_plane_is_its_steepness_and_the_penalty_teaches_it() -> None:
    plane = nn.Linear(4, 1)
    with torch.no_grad():
        plane.weight.copy_(torch.tensor([[3.0, 0.0, 4.0, 0.0]]))
    found = slopes_between(lambda slices: plane(slices.flatten(1)), torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2))
    assert found.tolist() == pytest.approx([5.0, 5.0, 5.0])
    WassersteinAdversarial(perceptual=0.0)(CriticTurn(torch.zeros(3, 1), found), torch.zeros(3, 1))["penalty"].backward()
    assert plane.weight.grad is not None
    # 10 (|w| - 1)^2 has the slope 20 (|w| - 1) w / |w|.
    assert plane.weight.grad[0].tolist() == pytest.approx([20 * 4 * 0.6, 0.0, 20 * 4 * 0.8, 0.0], rel=1e-5)


def test_the_slope_is_taken_between_the_two_slices_at_a_place_of_its_own_for_each_pair() -> None:
    torch.manual_seed(0)
    # Of half the square of one pixel, the slope is that pixel's value.
    found = slopes_between(lambda slices: slices[:, 0, 0, :1].square() / 2, torch.full((50, 1, 1, 1), 2.0), torch.full((50, 1, 1, 1), 6.0))
    found = found.detach()
    assert 2 < float(found.min()) < 3 and 5 < float(found.max()) < 6 and len(found.unique()) == 50


def test_features_have_the_studys_count_and_are_frozen() -> None:
    network = Vgg19Features("none")
    assert sum(parameter.numel() for parameter in network.parameters()) == 20_024_384
    assert not any(parameter.requires_grad for parameter in network.parameters()) and not network.training
    counts = [sum(parameter.numel() for parameter in part.parameters()) for part in (WganVgg().generator, WganVgg().critic)]
    assert counts == [56_097, 13_991_361] and sum(counts) + 20_024_384 == 34_071_842
    assert network(torch.zeros(1, 3, 32, 48)).shape == (1, 512, 2, 3)
    # The last convolution is not rectified.
    assert float(network(torch.randn(1, 3, 32, 32)).min()) < 0


def test_resnet_gives_four_stages_and_its_batch_norms_stand_still() -> None:
    network = ResNet50Stages("none")
    assert [tuple(each.shape) for each in network(torch.zeros(1, 3, 64, 64))] == [
        (1, 256, 16, 16),
        (1, 512, 8, 8),
        (1, 1024, 4, 4),
        (1, 2048, 2, 2),
    ]
    assert not any(part.training for part in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_random_features_are_always_the_same_and_leave_the_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(())
    torch.manual_seed(5)
    first = Vgg19Features("none")
    assert torch.equal(torch.rand(()), expected)
    torch.manual_seed(6)
    assert torch.equal(first.features[0].weight, Vgg19Features("none").features[0].weight)


@pytest.mark.parametrize("id", ["ldct/compound-loss", "ldct/wasserstein-adversarial", "ldct/perceptual-loss"])
def test_missing_weights_are_an_error_that_says_how_to_get_them_and_how_to_go_on(without_weights: None, id: str) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        build(id)
    said = str(caught.value)
    assert "no network" in said and "https://download.pytorch.org/models/" in said and "MEDAI_WEIGHTS" in said
    assert "licence: BSD-3-Clause" in said and "--set loss.perceptual=0" in said
    assert "model.pretrained" not in said


@pytest.mark.parametrize("recipe", ["ldct/edcnn", "ldct/wgan-vgg"])
def test_without_features_nothing_is_looked_for(without_weights: None, monkeypatch: pytest.MonkeyPatch, recipe: str) -> None:
    asked = configure(Request(recipe, scale="paper", assignments=("loss.perceptual=0",)))
    assert ("loss.perceptual", None, 0) in [(name, was, float(now)) for name, was, now in asked.departures if name == "loss.perceptual"]
    monkeypatch.setattr(features, "find", pytest.fail)
    loss = build_loss(asked.recipe.loss, torch.device("cpu"))
    assert not list(loss.parameters())


def test_a_compound_loss_without_features_is_the_mean_squared_error() -> None:
    torch.manual_seed(0)
    output, target = torch.randn(2, 1, 8, 8), torch.randn(2, 1, 8, 8)
    found = CompoundLoss(perceptual=0)(output, target)
    assert list(found) == ["mse"] and torch.equal(found["mse"], build("ldct/mse-loss")(output, target))


def test_a_file_of_torchvisions_weights_is_taken(tmp_path: Path) -> None:
    import torchvision

    torch.manual_seed(3)
    tensors = {f"features.{name}": tensor for name, tensor in Vgg19Features("none").features.state_dict().items()}
    tensors = {name: torch.randn_like(tensor) / 20 for name, tensor in tensors.items()} | {"classifier.0.weight": torch.zeros(2, 2)}
    save_file(tensors, tmp_path / "vgg.safetensors")
    assert torch.equal(Vgg19Features(str(tmp_path / "vgg.safetensors")).features[34].weight, tensors["features.34.weight"])
    with pytest.raises(DataError, match="not fit ResNet"):
        ResNet50Stages(str(tmp_path / "vgg.safetensors"))
    # torchvision's own network has these names at these places.
    with torch.device("meta"):
        theirs = torchvision.models.vgg19(init_weights=False).state_dict()
    assert {name: tuple(theirs[name].shape) for name in theirs if name.startswith("features.")} == {
        name: tuple(tensor.shape) for name, tensor in tensors.items() if name.startswith("features.")
    }


@pytest.mark.parametrize("given", [{"perceptual": -0.1}, {"penalty": float("nan")}])
def test_weights_below_zero_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="not 0 or more"):
        WassersteinAdversarial(**{"perceptual": 0.0, **given})


def pairs(side: int) -> Batch[Any, Any]:
    torch.manual_seed(1)
    given = [Sample(Case(f"c{n}", f"c{n}"), *(Image(200 * torch.rand(1, side, side), "HU") for _ in range(2))) for n in range(2)]
    return Batch.of(given)


def test_the_critic_learns_four_times_as_often_as_the_generator_and_each_alone() -> None:
    network, loss = WganVgg(32), WassersteinAdversarial(perceptual=0.0)
    assert network.turns == ("critic", "critic", "critic", "critic", "generator")
    for turn, learns, rests in (("critic", network.critic, network.generator), ("generator", network.generator, network.critic)):
        chosen = {id(parameter) for parameter in network.parameters_for(turn)}
        for parameter in network.parameters():
            parameter.requires_grad_(id(parameter) in chosen)
        network.zero_grad()
        torch.stack(list(network.training_step(pairs(40), loss, turn).values())).sum().backward()
        assert all(parameter.grad is not None for parameter in learns.parameters())
        assert all(parameter.grad is None for parameter in rests.parameters())


def test_the_generators_step_makes_the_critic_more_content() -> None:
    torch.manual_seed(0)
    network, loss, batch = WganVgg(32), WassersteinAdversarial(perceptual=0.0), pairs(32)
    optimizer = torch.optim.Adam(network.generator.parameters(), 1e-4)
    found = []
    for _ in range(5):
        value = network.training_step(batch, loss, "generator")["adversarial"]
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        found.append(value.item())
    assert found[-1] < found[0]


def test_training_images_smaller_than_the_critics_patch_and_other_losses_are_refused() -> None:
    network = WganVgg(32)
    with pytest.raises(UsageError, match=r"looks at 32 x 32 pixels and was given \(2, 1, 31, 31\)"):
        network.training_step(pairs(31), WassersteinAdversarial(perceptual=0.0), "critic")
    with pytest.raises(UsageError, match="names MSELoss"):
        network.training_step(pairs(32), nn.MSELoss(), "critic")
    with pytest.raises(UsageError, match="names no loss"):
        network.training_step(pairs(32), None, "critic")
    with pytest.raises(UsageError, match="29 pixels at least"):
        WganVgg(28)
    assert WganVgg(29).critic(torch.zeros(1, 1, 29, 29)).shape == (1, 1)
