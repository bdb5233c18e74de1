from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from medai._engine.checkpoint import save_state
from medai._words import close_to
from medai.errors import DataError, PluginError
from medai.weights import KeyMap, _load, check, load_into, read


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 1))


def trained() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {name: torch.rand_like(value) if value.is_floating_point() else value for name, value in network().state_dict().items()}


EXAMPLE = torch.linspace(0, 1, 16).reshape(1, 1, 4, 4)
RENAMED = KeyMap(name="theirs", rules=((r"first\.(.*)", r"0.\1"), (r"norm\.(.*)", r"1.\1"), (r"last\.(.*)", r"2.\1"), (r"fc\..*", None)))


def theirs() -> dict[str, torch.Tensor]:
    names = {"0": "first", "1": "norm", "2": "last"}
    return {f"{names[name[0]]}{name[1:]}": value for name, value in trained().items()} | {"fc.weight": torch.ones(3)}


def test_the_same_names_are_copied_and_the_mode_is_kept() -> None:
    module = network().train()
    module[1].eval()
    load_into(module, trained(), example=EXAMPLE)
    assert all(module.state_dict()[name].equal(value) for name, value in trained().items())
    assert module.training and not module[1].training


def test_other_names_by_a_map_and_our_own_despite_it() -> None:
    for tensors in (theirs(), trained()):
        module = network()
        load_into(module, tensors, RENAMED, example=EXAMPLE)
        assert module.state_dict()["2.weight"].equal(trained()["2.weight"])


def test_of_several_maps_the_one_that_fits() -> None:
    module = network()
    load_into(module, theirs(), [KeyMap(name="wrong", rules=((".*", None),)), RENAMED])
    assert module.state_dict()["0.weight"].equal(trained()["0.weight"])


def test_one_tensor_in_several_places() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(2, 2), nn.Linear(2, 2)

    shared = KeyMap(name="shared", rules=((r"layer\.(.*)", (r"one.\1", r"other.\1")),))
    module = Twice()
    load_into(module, {"layer.weight": torch.ones(2, 2), "layer.bias": torch.zeros(2)}, shared)
    assert module.one.weight.equal(module.other.weight) and module.one.weight.data_ptr() != module.other.weight.data_ptr()


def test_all_that_does_not_fit_is_said_and_nothing_is_changed() -> None:
    module, tensors = network(), trained()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    tensors["2.weigth"] = tensors.pop("2.weight")
    tensors["0.bias"] = torch.zeros(7)
    with pytest.raises(DataError) as caught:
        load_into(module, tensors)
    assert "missing 2.weight (there is 2.weigth)" in str(caught.value)
    assert "unexpected 2.weigth" in str(caught.value)
    assert "0.bias is (7,), not (2,)" in str(caught.value)
    assert all(module.state_dict()[name].equal(value) for name, value in before.items())


def test_a_head_of_its_own_may_be_missing_and_another_be_there() -> None:
    module, tensors = network(), trained()
    del tensors["2.weight"], tensors["2.bias"]
    tensors["fc.weight"] = torch.ones(3)
    kept = module.state_dict()["2.weight"].detach().clone()
    with pytest.raises(DataError, match="missing"):
        load_into(module, tensors)
    load_into(module, tensors, allow_missing=["2.*"], allow_unexpected=["fc.*"])
    assert module.state_dict()["0.weight"].equal(tensors["0.weight"]) and module.state_dict()["2.weight"].equal(kept)


def test_nothing_in_common_is_never_loaded_in_silence() -> None:
    with pytest.raises(DataError, match="not one name"):
        load_into(network(), {"a": torch.ones(1)}, allow_missing=["*"], allow_unexpected=["*"])


def test_the_answer_must_be_finite_and_another_one() -> None:
    module = network()
    with pytest.raises(DataError, match="change nothing"):
        load_into(module, network().state_dict(), example=EXAMPLE)
    with pytest.raises(DataError, match="NaN"):
        load_into(module, trained() | {"2.bias": torch.tensor([float("nan")])}, example=EXAMPLE)
    with pytest.raises(DataError, match="no tensor"):
        check(Silent(), EXAMPLE)


class Silent(nn.Module):
    def forward(self, pixels: torch.Tensor) -> dict[str, Any]:
        return {}


def test_answers_in_mappings_and_lists_are_looked_into() -> None:
    class Both(nn.Module):
        def forward(self, pixels: torch.Tensor) -> dict[str, Any]:
            return {"out": pixels, "more": [pixels * float("inf")]}

    with pytest.raises(DataError, match="infinity"):
        check(Both(), EXAMPLE)


def test_a_map_that_joins_two_tensors_or_is_malformed() -> None:
    with pytest.raises(DataError, match="both become x"):
        KeyMap(name="m", rules=(("[ab]", "x"),)).apply({"a": torch.ones(1), "b": torch.ones(1)})
    with pytest.raises(PluginError, match="no regular expression"):
        KeyMap(name="m", rules=(("(", "x"),))


def test_the_file_is_named_where_tensors_are_of_one(tmp_path: Path) -> None:
    for name, changed, said in (
        ("other", {"more": torch.ones(1)}, "the weights do not fit Sequential: unexpected more"),
        ("endless", {"0.weight": torch.full((2, 1, 3, 3), torch.nan)}, "holds NaN or infinity in 0.weight"),
    ):
        save_file({**trained(), **changed}, tmp_path / f"{name}.safetensors")
        module = network()
        with pytest.raises(DataError, match=rf"{name}\.safetensors: {said}") as caught:
            load_into(module, read(tmp_path / f"{name}.safetensors"))
        assert caught.value.path == tmp_path / f"{name}.safetensors"
        assert all(module.state_dict()[key].equal(value) for key, value in network().state_dict().items())


def test_a_buffer_may_hold_infinity() -> None:
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.zeros(2))
    load_into(module, {**module.state_dict(), "mask": torch.tensor([0.0, -torch.inf])})
    assert module.get_buffer("mask")[1] == -torch.inf


def test_a_checkpoint_of_a_run_is_no_file_of_weights(tmp_path: Path) -> None:
    save_state(tmp_path / "best.safetensors", {"learner": trained()})
    with pytest.raises(DataError, match=r"best\.safetensors: is a run's checkpoint"):
        read(tmp_path / "best.safetensors")


def test_near_names_are_sought_for_the_few_that_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    sought = []

    def near(word: str, known: Sequence[str], count: int) -> list[str]:
        sought.append(word)
        return close_to(word, known, count)

    monkeypatch.setattr(_load, "close_to", near)
    module = nn.Sequential(*(nn.Linear(2, 2) for _ in range(40)))
    with pytest.raises(DataError, match=r"missing 0.weight \(there is 0.weigh\), .* and 75 more; unexpected .* and 75 more"):
        load_into(module, {name[:-1]: value for name, value in module.state_dict().items()})
    assert sought == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"]
