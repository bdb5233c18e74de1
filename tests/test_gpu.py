"""What only a machine with CUDA can show: the same method on the GPU, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


def run(out: Path, *words: str) -> dict[str, object]:
    from medai._cli import main

    with pytest.raises(SystemExit) as stop:
        main(["run", "ldct/edcnn", "--stub", "--out", str(out), *words])
    assert stop.value.code == 0
    (folder,) = out.iterdir()
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in ("run", "summary")}


def test_the_gpu_reaches_the_figures_of_the_cpu(tmp_path: Path) -> None:
    on_gpu, on_cpu = run(tmp_path / "gpu", "--device", "cuda"), run(tmp_path / "cpu", "--device", "cpu")
    assert on_gpu["run"]["device"].startswith("cuda")
    for name, figure in on_cpu["summary"]["figures"].items():
        assert on_gpu["summary"]["figures"][name]["value"] == pytest.approx(figure["value"], rel=1e-2)


def test_bf16_is_used_where_the_card_has_it_and_the_recipe_allows_it(tmp_path: Path) -> None:
    record = run(tmp_path, "--device", "cuda", "--set", "train.precision=auto")["run"]
    assert record["precision"] == ("bf16" if torch.cuda.is_bf16_supported() else "float32")
