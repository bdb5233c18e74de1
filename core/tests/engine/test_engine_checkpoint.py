from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from medai._engine import checkpoint
from medai._engine.checkpoint import load_state, save_again, save_state
from medai.errors import DataError, DivergedError, EnvironmentFault, PluginError


def test_nested_state_comes_back_as_it_was(tmp_path: Path) -> None:
    state: dict[str, Any] = {
        "state": {0: {"step": torch.tensor(3.0), "exp": torch.randn(2, 3)}, 1: {"none": None}},
        "betas": (0.9, 0.999),
        "list": [1, 2.5, "text", True, (1, (2,))],
        "array": np.arange(6, dtype=np.int16).reshape(2, 3),
        "number": np.float64(2.5),
        "point": np.array(7.0),
        "half": torch.ones(2, dtype=torch.bfloat16),
    }
    save_state(tmp_path / "a.safetensors", state)
    back = load_state(tmp_path / "a.safetensors")
    assert list(back["state"]) == [0, 1]
    assert torch.equal(back["state"][0]["exp"], state["state"][0]["exp"])
    assert back["state"][0]["step"].shape == ()
    assert back["state"][1] == {"none": None}
    assert back["betas"] == (0.9, 0.999)
    assert back["list"] == [1, 2.5, "text", True, (1, (2,))]
    assert back["array"].dtype == np.int16 and np.array_equal(back["array"], state["array"])
    assert back["number"] == 2.5 and back["point"].shape == () and back["half"].dtype == torch.bfloat16


def test_names_that_read_alike_stay_apart(tmp_path: Path) -> None:
    state = {"a.b": torch.zeros(1), "a": {"b": torch.ones(1)}, "n": {1: torch.full((1,), 2.0), "1": torch.full((1,), 3.0)}}
    save_state(tmp_path / "a.safetensors", state)
    back = load_state(tmp_path / "a.safetensors")
    assert [float(back["a.b"]), float(back["a"]["b"]), float(back["n"][1]), float(back["n"]["1"])] == [0, 1, 2, 3]


def test_optimizer_and_tied_weights(tmp_path: Path) -> None:
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    net = nn.Sequential(first, second)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    save_state(tmp_path / "a.safetensors", {"net": dict(net.state_dict()), "optimizer": optimizer.state_dict()})
    back = load_state(tmp_path / "a.safetensors")
    other = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    other.load_state_dict(back["net"])
    assert all(torch.equal(weight, first.weight) for name, weight in other.state_dict().items() if name.endswith("weight"))
    again = torch.optim.Adam(net.parameters())
    again.load_state_dict(back["optimizer"])
    assert torch.equal(again.state[first.weight]["exp_avg"], optimizer.state[first.weight]["exp_avg"])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [torch.tensor, np.array])
def test_what_is_not_finite_never_replaces_a_good_checkpoint(tmp_path: Path, bad: float, kind: Any) -> None:
    path = tmp_path / "a.safetensors"
    save_state(path, {"w": torch.ones(2)})
    with pytest.raises(DivergedError, match=r"state\.net\.w is not finite"):
        save_state(path, {"net": {"w": kind([1.0, bad])}})
    assert torch.equal(load_state(path)["w"], torch.ones(2))
    assert [item.name for item in tmp_path.iterdir()] == ["a.safetensors"]


def test_finite_numbers_are_kept_though_their_sum_is_not(tmp_path: Path) -> None:
    large = torch.full((4,), torch.finfo(torch.float32).max)
    save_state(tmp_path / "a.safetensors", {"w": large, "none": torch.zeros(0), "complex": torch.full((2,), 1 + 2j)})
    assert torch.equal(load_state(tmp_path / "a.safetensors")["w"], large)


def test_full_disk_keeps_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    save_state(path, {"w": torch.ones(2)})

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFault):
        save_state(path, {"w": torch.zeros(2)})
    assert torch.equal(load_state(path)["w"], torch.ones(2))


@pytest.mark.parametrize("links", [True, False])
def test_what_is_saved_again_outlives_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links on this disk")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    best, last = tmp_path / "best.safetensors", tmp_path / "last.safetensors"
    save_state(last, {"w": torch.zeros(2)})
    save_state(best, {"w": torch.ones(2)})
    save_again(last, best)
    assert os.path.samefile(best, last) == links
    save_state(best, {"w": torch.full((2,), 2.0)})
    assert torch.equal(load_state(last)["w"], torch.ones(2))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "absent"])
def test_a_file_that_is_not_whole_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.safetensors"
    save_state(path, {"w": torch.ones(100)})
    content = {"truncated": path.read_bytes()[:-20], "text": b"not this", "empty": b""}.get(damage)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.safetensors.*not a checkpoint"):
        load_state(path)


def test_a_checkpoint_that_is_not_finite_or_of_another_network_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_first_endless", lambda tensors: "")
        save_state(path, {"net": {"w": torch.tensor([1.0, float("nan")])}})
    with pytest.raises(DataError, match=r"a\.safetensors: state\.net\.w is not finite"):
        load_state(path)

    class Other:
        def load_state_dict(self, state: object) -> None:
            raise PluginError("the checkpoint is of another network")

    with pytest.raises(DataError, match=r"a\.safetensors: the checkpoint is of another network"):
        checkpoint.take_up(Other(), {}, path)


def test_foreign_safetensors_is_no_checkpoint(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.ones(1)}, tmp_path / "a.safetensors")
    with pytest.raises(DataError, match="not a checkpoint"):
        load_state(tmp_path / "a.safetensors")


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array(["a"]), b"bytes"])
def test_what_a_file_cannot_hold_is_named(tmp_path: Path, value: object) -> None:
    with pytest.raises(PluginError, match=r"state\.deep\.1 is a "):
        save_state(tmp_path / "a.safetensors", {"deep": [1, value]})
    assert not list(tmp_path.iterdir())
