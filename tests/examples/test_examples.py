"""Recipes of a user that put together what several plugins offer, and a script without the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from documents import blocks
from workspace import ROOT

from medai.api import run

EXAMPLES = ROOT / "examples"
SHORT = {"train.steps": 4, "train.validate_every": 2, "train.batch": 2}
SMALL = {
    # With a number of photons, the dose is not sought for, which not every picture as small as these has.
    "ct-unet": {
        "data.ct.embedded.source.source": {"use": "ldct/phantom", "subjects": 6, "slices": 1, "size": 64},
        "data.ct.embedded.source.photons": 2e5,
    },
    "lesions": {"data.pictures.embedded.source.patients": 8, "model.size": [64, 64]},
}


@pytest.mark.slow
@pytest.mark.xdist_group("example")
@pytest.mark.parametrize("path", sorted((EXAMPLES / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_a_users_recipe_runs_on_embedded_data(path: Path, tmp_path: Path) -> None:
    done = run(path, overrides={**SHORT, **SMALL[path.stem]}, out=tmp_path, device="cpu")
    wanted = {"ct-unet": {"psnr", "ssim", "rmse"}, "lesions": {"dice", "hd95"}}[path.stem]
    assert wanted <= set(done.figures)
    text = (done.folder / "cases.csv").read_text(encoding="utf-8")
    assert path.stem != "ct-unet" or ("standard/input" in text and "standard/non-local-means" in text)


@pytest.mark.slow
@pytest.mark.xdist_group("example")
def test_the_script_needs_twenty_lines_and_no_command(tmp_path: Path) -> None:
    script = EXAMPLES / "library.py"
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= 20
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    given, denoised, learnt = done.stdout.splitlines()
    decibels = {line.split(":")[0]: float(line.split()[1]) for line in (given, denoised)}
    assert decibels["standard/non-local-means"] > decibels["standard/input"] > 20
    assert float(learnt.split()[1].rstrip(",")) > 0.9 and list(tmp_path.glob("*/report.html"))


def test_the_documentation_shows_the_script_as_it_is() -> None:
    (shown,) = (block.text for block in blocks(ROOT / "docs" / "index.md") if block.title == "library.py")
    assert shown == (EXAMPLES / "library.py").read_text(encoding="utf-8")
