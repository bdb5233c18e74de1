"""A run keeps which weights it started from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
from click.testing import CliRunner
from safetensors.torch import save_file

from medai._cli import cli
from medai.weights import sha256


def test_a_run_records_the_weights_that_it_started_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mirror" / "timm" / "resnet10t.c3_in1k.safetensors"
    path.parent.mkdir(parents=True)
    save_file(timm.create_model("resnet10t").state_dict(), path)
    monkeypatch.setenv("MEDAI_WEIGHTS", str(tmp_path / "mirror"))
    recipe = tmp_path / "own.toml"
    recipe.write_text('extends = "standard/classify"\n[model]\narchitecture = "resnet10t"\npretrained = "default"\nsize = [64, 64]\n')
    done = CliRunner().invoke(cli, ["run", str(recipe), "--stub", "--out", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    (folder,) = (tmp_path / "runs").iterdir()
    record = json.loads((folder / "run.json").read_text())
    (taken,) = record["weights"]
    assert taken["name"] == "timm/resnet10t.c3_in1k"
    assert taken["sha256"] == sha256(path)
    assert taken["license"] and "timm" in taken["source"]
    assert any("no SHA-256 is stated" in note and taken["sha256"] in note for note in record["notes"])
