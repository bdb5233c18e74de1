"""Checkpoints of the public code answer here as they do there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from medai._engine.configure import Request, configure
from medai.api import build
from medai.errors import DataError
from medai_ldct.models.edcnn import Edcnn
from medai_ldct.models.redcnn import RedCnn

HU = 100 * torch.randn(1, 1, 40, 37, generator=torch.Generator().manual_seed(0))
UNIT = (HU + 1024) / 4096


def random_redcnn(filters: int, layers: list[str], transposed: list[str]) -> dict[str, Tensor]:
    """A checkpoint of RED-CNN's shapes under other names, small enough that the answer stays in range."""
    torch.manual_seed(2)
    found = {}
    for place, name in enumerate(layers + transposed):
        first, last = name == layers[0], name == transposed[-1]
        shape = (filters, 1, 5, 5) if first or last else (filters, filters, 5, 5)
        found |= {
            f"{name}.weight": torch.randn(shape) / (5 * filters**0.5),
            f"{name}.bias": torch.randn(1 if last else filters) / 50 + place / 500,
        }
    return found


def redcnn_by_layers(tensors: dict[str, Tensor], layers: list[str], transposed: list[str]) -> Tensor:
    """RED-CNN as the paper's figure has it, from a checkpoint under any names."""

    def convolved(image: Tensor, name: str) -> Tensor:
        return functional.conv2d(image, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def deconvolved(image: Tensor, name: str) -> Tensor:
        return functional.conv_transpose2d(image, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    kept, image = [UNIT], UNIT
    for place, name in enumerate(layers):
        image = convolved(image, name).relu()
        kept += [image] if place in (1, 3) else []
    for place, name in enumerate(transposed):
        image = deconvolved(image, name)
        image = (image + kept.pop()).relu() if place in (0, 2, 4) else image.relu()
    return image * 4096 - 1024


NAMES = {
    "ten layers": ([f"conv{n}" for n in range(1, 6)], [f"tconv{n}" for n in range(1, 6)]),
    "shared": (["conv_first", *["conv"] * 4], [*["conv_t"] * 4, "conv_t_last"]),
    "shared, of 2018": (["conv_first", *["conv"] * 4], [*["deconv"] * 4, "deconv_last"]),
}


@pytest.mark.parametrize("version", NAMES)
def test_redcnn_of_public_code(tmp_path: Path, version: str) -> None:
    layers, transposed = NAMES[version]
    tensors = random_redcnn(8, layers, transposed)
    save_file(tensors, tmp_path / "w.safetensors")
    with torch.no_grad():
        answer = RedCnn(8, pretrained=str(tmp_path / "w.safetensors")).eval()(HU)
    expected = redcnn_by_layers(tensors, layers, transposed)
    assert expected.std() > 10
    torch.testing.assert_close(answer, expected, atol=0.02, rtol=1e-5)


def random_edcnn() -> dict[str, Tensor]:
    torch.manual_seed(3)
    sobel = torch.zeros(32, 1, 3, 3)
    sobel[0::4, 0] = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
    sobel[1::4, 0] = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    sobel[2::4, 0] = torch.tensor([[-2.0, -1, 0], [-1, 0, 1], [0, 1, 2]])
    sobel[3::4, 0] = torch.tensor([[0.0, 1, 2], [-1, 0, 1], [-2, -1, 0]])
    found = {"conv_sobel.sobel_weight": sobel, "conv_sobel.sobel_factor": torch.rand(32, 1, 1, 1), "conv_sobel.bias": torch.randn(32) / 20}
    for number in range(1, 9):
        given, out = 33 if number == 1 else 65, 1 if number == 8 else 32
        found |= {f"conv_p{number}.weight": torch.randn(32, given, 1, 1) / 8, f"conv_p{number}.bias": torch.randn(32) / 20}
        found |= {f"conv_f{number}.weight": torch.randn(out, 32, 3, 3) / 17, f"conv_f{number}.bias": torch.randn(out) / 20}
    return found


def test_edcnn_of_the_authors_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tensors, leaky = random_edcnn(), functional.leaky_relu
    # A legacy file, wrapped as DataParallel wraps it: converted on the way.
    torch.save({"state_dict": {f"module.{name}": nn.Parameter(tensor) for name, tensor in tensors.items()}}, tmp_path / "w.pth")
    edges = functional.conv2d(
        UNIT, tensors["conv_sobel.sobel_weight"] * tensors["conv_sobel.sobel_factor"], tensors["conv_sobel.bias"], padding=1
    )
    given = features = torch.cat([UNIT, edges], 1)
    for number in range(1, 9):
        gathered = leaky(functional.conv2d(features, tensors[f"conv_p{number}.weight"], tensors[f"conv_p{number}.bias"]))
        looked = functional.conv2d(gathered, tensors[f"conv_f{number}.weight"], tensors[f"conv_f{number}.bias"], padding=1)
        features = torch.cat([given, leaky(looked)], 1)
    expected = leaky(UNIT + looked) * 4096 - 1024
    with torch.no_grad():
        answer = Edcnn(pretrained=str(tmp_path / "w.pth")).eval()(HU)
    torch.testing.assert_close(answer, expected, atol=0.02, rtol=1e-5)


def test_our_own_file_and_one_of_another_network(tmp_path: Path) -> None:
    torch.manual_seed(5)
    trained = RedCnn(4)
    save_file(trained.state_dict(), tmp_path / "own.safetensors")
    torch.manual_seed(6)
    assert RedCnn(4, pretrained=str(tmp_path / "own.safetensors")).conv1.weight.equal(trained.conv1.weight)
    assert not RedCnn(4, pretrained="none").conv1.weight.equal(trained.conv1.weight)
    with pytest.raises(DataError, match=r"conv1.weight is \(4, 1, 5, 5\), not \(8, 1, 5, 5\)"):
        RedCnn(8, pretrained=str(tmp_path / "own.safetensors"))
    with pytest.raises(DataError, match="not fit Edcnn: not one name"):
        Edcnn(pretrained=str(tmp_path / "own.safetensors"))
    with pytest.raises(DataError, match="does not exist"):
        Edcnn(pretrained=str(tmp_path / "none.safetensors"))
    torch.save(trained.state_dict() | {"conv1.weight": torch.full((4, 1, 5, 5), torch.nan)}, tmp_path / "legacy.pth")
    with pytest.raises(DataError, match=r"^\S*legacy.pth: holds NaN or infinity in conv1.weight$"):
        RedCnn(4, pretrained=str(tmp_path / "legacy.pth"))


def test_weights_that_are_missing_and_going_on_without_them(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('extends = "ldct/edcnn"\n[model]\npretrained = "nowhere.safetensors"\n')
    asked = configure(Request(recipe=str(recipe)))
    with pytest.raises(DataError, match=r"nowhere\.safetensors: does not exist") as caught:
        build(asked.recipe.model.id, **asked.recipe.model.params)
    assert caught.value.exit_code == 3
    without = configure(Request(recipe=str(recipe), assignments=("model.pretrained=none",)))
    assert isinstance(build(without.recipe.model.id, **without.recipe.model.params), Edcnn)
    # What a run writes in its run.json.
    assert ("model.pretrained", None, "none") in without.departures
    assert without.origins["model.pretrained"] == "command line"
