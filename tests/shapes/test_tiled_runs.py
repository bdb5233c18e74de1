"""Models within `standard/tiled`, trained whole and asked in tiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from medai_command import medai

PLAIN = """
extends = "plain/denoise"
scale = "quick"
[model]
use = "standard/tiled"
tile = [16, 16]
overlap = 0.5
margin = 3
model = { use = "plain/net", channels = 16 }
"""
DUEL = """
extends = "gan/denoise"
scale = "quick"
[model]
use = "standard/tiled"
tile = 16
flips = ["vertical"]
model = { use = "gan/duel" }
"""
SHORT = ("--set", "train.steps=20", "--device", "cpu")


def run(place: Path, recipe: str | Path, *more: str) -> Path:
    medai("run", recipe, *SHORT, *more, "--out", place / "runs", scratch=place).ok()
    (folder,) = (place / "runs").iterdir()
    return folder


def psnr(folder: Path) -> float:
    return float(json.loads((folder / "summary.json").read_text())["figures"]["psnr"]["value"])


def written(place: Path, recipe: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "recipe.toml").write_text(recipe)
    return place / "recipe.toml"


def test_tiles_with_margins_measure_as_the_whole_does(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", "plain/denoise", "--scale", "quick")
    tiles = run(tmp_path / "tiles", written(tmp_path, PLAIN))
    assert psnr(tiles) == pytest.approx(psnr(whole), abs=1e-3)
    again = json.loads(medai("evaluate", tiles, "--device", "cpu", "--json", scratch=tmp_path / "again").ok().out)
    assert again["figures"]["psnr"]["value"] == pytest.approx(psnr(tiles))


def test_a_model_that_learns_in_turns_still_does(tmp_path: Path) -> None:
    folder = run(tmp_path, written(tmp_path, DUEL))
    losses = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert {"gap", "fool"} <= {name for line in losses for name in line}
