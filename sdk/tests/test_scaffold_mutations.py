"""The tests of a generated plugin find faults: each of these changes of one line makes at least one of them fail."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_scaffold_plugins import install

from medai_sdk.scaffold import new_plugin

MUTATIONS = [
    ("datasets/generated.py", "torch.from_numpy(clean[None])", "torch.from_numpy(noisy[None])"),
    ("datasets/generated.py", "[self.seed, *case.id.encode()]", "[*case.id.encode()]"),
    ("datasets/generated.py", "own = np.random.default_rng([self.seed, *case.id.encode()])", "own = rng"),
    ("datasets/generated.py", 'Case(f"{patient}-{number}", patient)', 'Case(f"{patient}-{number}", f"{patient}-{number}")'),
    ("datasets/folder.py", "Case(f\"{patient}-{pseudonym(path.stem, prefix='i')}\", patient)", "Case(path.stem, path.stem)"),
    ("datasets/folder.py", "image.pixels.mean(0, keepdim=True)", "image.pixels[:1]"),
    ("datasets/folder.py", "Sample(case, image, _read_reference(partner, image))", "Sample(case, _read_reference(partner, image), image)"),
    ("datasets/folder.py", "seed=seed)", "seed=0)"),
    ("datasets/folder.py", "if not partner.exists():", "if False:"),
    ("models/residual_cnn.py", "pixels - residual * _DEVIATION", "pixels - residual"),
    ("models/residual_cnn.py", "(pixels - _MEAN) / _DEVIATION", "pixels / _DEVIATION"),
    ("models/residual_cnn.py", "return pixels - residual", "return pixels + residual"),
    ("models/residual_cnn.py", "3, padding=1)", "3)"),
    ("models/residual_cnn.py", "(layers - 1)", "layers"),
    ("models/residual_cnn.py", "self.body(scaled).float()", "self.body(scaled).float().detach()"),
    ("losses.py", "(output - target).square()", "(output - target).abs()"),
    ("losses.py", "self.softness**2", "self.softness"),
    ("losses.py", ".sqrt().mean()", ".sqrt().sum()"),
    ("metrics.py", '= "lower"', '= "higher"'),
    ("metrics.py", ".abs().mean()", ".mean()"),
    ("metrics.py", "math.fsum(parts) / len(parts)", "math.fsum(parts)"),
    ("metrics.py", "if parts else math.nan", "if parts else 0.0"),
    ("exporters.py", "prediction.pixels.numpy()", "sample.inputs.pixels.numpy()"),
    ("exporters.py", "if name not in {path.name for path in taken} else", "if True else"),
    ("exporters.py", "if not isinstance(prediction, Image):", "if False:"),
    ("recipes.py", 'loss=use("mutant/charbonnier")', 'loss=use("standard/l1")'),
    ("plugin.py", "from __future__ import annotations", "import torch"),
    ("plugin.py", 'target="medai_mutant.metrics:MeanAbsoluteError"', 'target="medai_mutant.losses:Charbonnier"'),
]

# One process for all: each mutant's modules are imported anew, and no bytecode is kept, which would be of the file before.
_TRY = """
import json, sys
from pathlib import Path
import pytest
from medai._discovery import configure

home, tests, mutations = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:medai", "-c", "/dev/null", "--rootdir", tests, "--import-mode=importlib"]
for path, before, after in [["plugin.py", "", ""], *mutations, ["recipes.py", "", ""]]:
    file = home / path
    text = file.read_text(encoding="utf-8")
    assert before in text, (path, before)
    file.write_text(text.replace(before, after, 1) if before else text, encoding="utf-8")
    # The tests' own modules too, and what discovery has read.
    for name in [name for name, module in sys.modules.items() if str(home.parents[1]) in (getattr(module, "__file__", "") or "")]:
        del sys.modules[name]
    configure()
    # The tests of that file alone, but all where nothing is changed.
    name = path.split("/")[0].removesuffix(".py")
    subject = "plugin" if name == "recipes" else name
    code = int(pytest.main([*options, "-k", "not example_learns", f"{tests}/test_{subject}.py" if before else tests]))
    file.write_text(text, encoding="utf-8")
    print("CODE", code, path, json.dumps(before), flush=True)
"""


# Together in one process, so that the changes are tried once.
pytestmark = pytest.mark.xdist_group("mutations")


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], int]:
    """By file and line, the exit code of pytest; of nothing changed, under an empty line: `plugin.py` before all, `recipes.py` after."""
    plugin = new_plugin("medai-mutant", "restoration", into=tmp_path_factory.mktemp("mutant"))
    environment = {**os.environ, "PYTHONPATH": str(install(plugin)), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _TRY, str(plugin / "src" / "medai_mutant"), str(plugin / "tests"), json.dumps(MUTATIONS)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False, cwd=Path(plugin))
    said = [line.split(" ", 3)[1:] for line in done.stdout.splitlines() if line.startswith("CODE ")]
    assert len(said) == len(MUTATIONS) + 2, done.stdout[-3000:] + done.stderr[-3000:]
    return {(path, json.loads(line)): int(code) for code, path, line in said}


def test_without_a_change_they_pass(codes: dict[tuple[str, str], int]) -> None:
    # After all others too: what makes them fail is the change, and not that modules are imported anew.
    assert codes["plugin.py", ""] == codes["recipes.py", ""] == 0


@pytest.mark.parametrize(("path", "before", "after"), MUTATIONS, ids=[f"{path}: {after}" for path, _, after in MUTATIONS])
def test_a_fault_is_found(codes: dict[tuple[str, str], int], path: str, before: str, after: str) -> None:
    # 1: tests failed. Anything else would mean that none ran.
    assert codes[path, before] == 1
