"""What a rehearsal estimates."""

from __future__ import annotations

import pytest

from medai._engine import rehearse
from medai._engine.configure import Request, configure
from medai._engine.run import Options


def test_the_first_reading_of_cases_is_paid_once_and_not_in_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = iter([2.0, 0.5])
    monkeypatch.setattr(rehearse, "_time_steps", lambda *given: next(timed))
    configuration = configure(Request("enginetoys/denoise", overrides={"train.steps": 100, "train.batch": 3}))
    found = rehearse.rehearse(configuration, Options(device="cpu"))
    assert found.seconds_per_step == 0.5
    assert found.seconds == pytest.approx(100 * 0.5 + 1.5 / 3 * found.parts["train"])
