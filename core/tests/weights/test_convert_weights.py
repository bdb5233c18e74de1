from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import nn

from medai.errors import DataError, MemoryFault, UsageError
from medai.weights import KeyMap, convert, load_into, sha256
from medai.weights import _convert as child
from medai.weights import _legacy as legacy


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.usefixtures("here")
def test_tensors_come_out_as_they_went_in(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    tied = torch.rand(4, 6)
    source = saved(
        tmp_path / "old.pth", dict(module.state_dict()) | {"tied": tied, "turned": tied.T, "half": torch.ones(2, dtype=torch.bfloat16)}
    )
    done = convert(source, tmp_path / "new.safetensors")
    found = load_file(done.path)
    assert done.tensors == len(found) == 10 and done.notes == () and done.sha256 == sha256(source)
    assert found["turned"].equal(tied.T) and found["half"].dtype == torch.bfloat16
    del found["tied"], found["turned"], found["half"]
    load_into(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), found, example=torch.rand(1, 1, 5, 5))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["state_dict", "model", "params"])
def test_a_state_dict_within_and_the_mark_of_data_parallel(tmp_path: Path, name: str) -> None:
    source = saved(tmp_path / "old.pth", {"epoch": 3, name: {"module.a": nn.Parameter(torch.ones(2)), "module.b": torch.zeros(1)}})
    done = convert(source, tmp_path / "new.safetensors")
    assert set(load_file(done.path)) == {"a", "b"}
    assert any(f"taken from '{name}'; left out: epoch" in note for note in done.notes) and any("module." in note for note in done.notes)


@pytest.mark.usefixtures("here")
def test_values_that_are_not_tensors_are_left_out_and_named(tmp_path: Path) -> None:
    done = convert(saved(tmp_path / "old.pth", {"a": torch.ones(1), "steps": 7}), tmp_path / "new.safetensors")
    assert done.notes == ("not tensors, left out: steps",)


@pytest.mark.usefixtures("here")
def test_names_change_by_a_map(tmp_path: Path) -> None:
    key_map = KeyMap(name="m", rules=(("a", ("x", "y")), ("b", None)))
    done = convert(saved(tmp_path / "old.pth", {"a": torch.ones(1), "b": torch.ones(1)}), tmp_path / "new.safetensors", key_map)
    assert set(load_file(done.path)) == {"x", "y"} and done.tensors == 2 and "key map m" in done.notes[-1]


class Malicious:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple:
        return os.system, (self.command,)


def test_a_file_that_runs_a_command_does_not(tmp_path: Path) -> None:
    witness, source = tmp_path / "it ran", tmp_path / "old.pth"
    torch.save({"a": torch.ones(1), "b": Malicious(f"touch '{witness}'")}, source)
    # The file is what it is suspected of: opened with trust, it would run.
    assert witness.name.encode() in zipfile.ZipFile(source).read("old/data.pkl")
    with pytest.raises(DataError, match="more than tensors"):
        convert(source, tmp_path / "new.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["old.pth"]


@pytest.mark.usefixtures("here")
def test_nor_does_one_of_the_oldest_format(tmp_path: Path) -> None:
    witness, source = tmp_path / "it ran", tmp_path / "old.pth"
    torch.save({"b": Malicious(f"touch '{witness}'")}, source, _use_new_zipfile_serialization=False)
    assert witness.name.encode() in source.read_bytes()
    with pytest.raises(DataError, match="more than tensors"):
        convert(source, tmp_path / "new.safetensors")
    assert not witness.exists()


@pytest.mark.usefixtures("here")
def test_objects_are_refused_without_advice_to_trust_them(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        convert(saved(tmp_path / "old.pth", nn.Linear(2, 2)), tmp_path / "new.safetensors")
    assert "weights_only" not in str(caught.value) and "Linear" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"epoch": 3, "name": "x"}, "no tensors by name"),
        ({}, "nothing"),
        ([torch.ones(1)], "holds a list"),
        ({"a": torch.eye(3).to_sparse()}, "sparse"),
        ({1: torch.ones(1)}, "no name"),
    ],
)
@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
def test_what_holds_no_tensors_by_name_is_refused(tmp_path: Path, content: object, said: str) -> None:
    # In this process: what is tested is the judgement, and another process costs seconds.
    loaded = torch.save(content, buffer := io.BytesIO()) or buffer.getvalue()
    (tmp_path / "old.pth").write_bytes(loaded)
    with pytest.raises(child.Refused, match=said):
        child._plain(child._state(child._loaded(tmp_path / "old.pth"), []), [])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04 cut off", b"\x80\x02}q\x00X"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "old.pth").write_bytes(content)
    with pytest.raises(child.Refused):
        child._loaded(tmp_path / "old.pth")


@pytest.mark.usefixtures("here")
def test_a_truncated_file_and_a_missing_one(tmp_path: Path) -> None:
    source = saved(tmp_path / "old.pth", {"a": torch.ones(1000)})
    source.write_bytes(source.read_bytes()[:900])
    with pytest.raises(DataError, match="damaged"):
        convert(source, tmp_path / "new.safetensors")
    with pytest.raises(DataError, match="No such file"):
        convert(tmp_path / "none.pth", tmp_path / "new.safetensors")


def test_a_claim_of_more_memory_than_allowed_is_refused(tmp_path: Path) -> None:
    # A tensor of 64 GB that repeats one stored number: small in the file, large as soon as it is laid out.
    source = saved(tmp_path / "old.pth", {"a": torch.ones(1).expand(16, 2**30)})
    with pytest.raises(MemoryFault, match="memory"):
        convert(source, tmp_path / "new.safetensors")


def test_a_conversion_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "SECONDS", 0.05)
    with pytest.raises(DataError, match="within"):
        convert(saved(tmp_path / "old.pth", {"a": torch.ones(1)}), tmp_path / "new.safetensors")


def test_modules_of_the_working_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    assert convert(saved(tmp_path / "old.pth", {"a": torch.ones(1)}), tmp_path / "new.safetensors").tensors == 1


@pytest.mark.usefixtures("here")
def test_the_command_converts_and_shows(tmp_path: Path) -> None:
    from medai._cli.weights import command

    source = saved(tmp_path / "old.pth", {"state_dict": {"module.layer.weight": torch.zeros(2, 3)}})
    target = tmp_path / "new.safetensors"
    done = CliRunner().invoke(command, ["convert", str(source), str(target)], catch_exceptions=False)
    assert done.exit_code == 0 and "module. was taken off" in done.output and str(target) in done.output
    shown = CliRunner().invoke(command, ["show", str(target)], catch_exceptions=False)
    assert "layer.weight" in shown.output and "2 x 3" in shown.output and sha256(target) in shown.output and sha256(source) in shown.output
    found = json.loads(CliRunner().invoke(command, ["show", str(target), "--json"], catch_exceptions=False).output)
    assert found["tensors"] == [{"name": "layer.weight", "shape": [2, 3], "dtype": "float32"}]


@pytest.mark.usefixtures("here")
def test_the_command_takes_a_map_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from medai._cli.weights import command

    (tmp_path / "their_names.py").write_text("from medai.weights import KeyMap\nMAP = KeyMap(name='m', rules=(('a', 'b'),))\nOTHER = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    source, target = saved(tmp_path / "old.pth", {"a": torch.zeros(1)}), tmp_path / "new.safetensors"
    CliRunner().invoke(command, ["convert", str(source), str(target), "--map", "their_names:MAP"], catch_exceptions=False)
    assert set(load_file(target)) == {"b"}
    with pytest.raises(Exception, match="no KeyMap"):
        CliRunner().invoke(command, ["convert", str(source), str(target), "--map", "their_names:OTHER"], catch_exceptions=False)


@pytest.mark.usefixtures("here")
def test_the_old_file_is_never_overwritten(tmp_path: Path) -> None:
    source = saved(tmp_path / "old.pth", {"a": torch.ones(1)})
    before = source.read_bytes()
    (tmp_path / "link.safetensors").symlink_to(source)
    for target in (source, tmp_path / "new.pth", tmp_path / "link.safetensors"):
        with pytest.raises(UsageError, match="another than the old one"):
            convert(source, target)
    assert source.read_bytes() == before


@pytest.mark.usefixtures("here")
def test_refusals_pass_on_no_advice_to_load_it_all_the_same(tmp_path: Path) -> None:
    module = saved(tmp_path / "module.pth", nn.Linear(1, 1))
    (tmp_path / "noise.pth").write_bytes(os.urandom(5000))
    refused = {module: r"holds more than tensors \(torch.nn.*\)", tmp_path / "noise.pth": "is not a file that torch.save wrote"}
    for source, words in refused.items():
        with pytest.raises(DataError, match=words) as caught:
            convert(source, tmp_path / "new.safetensors")
        assert "weights_only" not in str(caught.value) and "safe_globals" not in str(caught.value)


@pytest.mark.usefixtures("here")
def test_values_that_are_not_finite_are_named(tmp_path: Path) -> None:
    done = convert(saved(tmp_path / "old.pth", {"a": torch.ones(1), "b": torch.tensor([float("nan")])}), tmp_path / "new.safetensors")
    assert done.notes == ("NaN or infinite values in b",)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(DataError, match="a device or a pipe"):
        convert(tmp_path / "pipe.pth", tmp_path / "new.safetensors")
