"""`medai predict` on input of which two cases have one id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.io import write_image
from medai.tasks import Case, Image, Sample


class OneName:
    """Three files, two of which have one id."""

    def cases(self) -> Sequence[Case]:
        return [Case(name, name) for name in ("scan", "other", "scan")]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return Sample(case, Image(torch.ones(1, 16, 16), "HU"))


def test_two_cases_of_one_id_are_refused_and_not_lost(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    monkeypatch.setattr("medai._engine.predict.open_input", lambda *_: OneName())
    path = write_image(Path("scan.nii.gz"), Image(torch.ones(1, 16, 16), "HU"))
    found = medai("predict", str(root), str(path), "-o", "out", "--device", "cpu")
    assert found.code == 3
    assert "cases 1 and 3 of the 3 in the input have one id, 'scan'" in found.err
    assert not Path("out").exists()
