"""What a rehearsal estimates."""

from __future__ import annotations

import pytest

from medai._engine import rehearse
from medai._engine.configure import Request, configure
from medai._engine.feed import CaseFeed, Refusal
from medai._engine.options import Options
from medai.errors import DataError


def test_the_first_reading_of_cases_is_paid_once_and_not_in_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = iter([2.0, 0.5])
    monkeypatch.setattr(rehearse, "_time_steps", lambda *given: next(timed))
    configuration = configure(Request("enginetoys/denoise", overrides={"train.steps": 100, "train.batch": 3}))
    found = rehearse.rehearse(configuration, Options(device="cpu"))
    assert found.seconds_per_step == 0.5
    assert found.seconds == pytest.approx(100 * 0.5 + 1.5 / 3 * found.parts["train"])


def test_cases_that_its_steps_cannot_use_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(configuration: object, options: object, device: object, feed: CaseFeed, folder: object) -> None:
        feed.quarantine.take(Refusal.of("c3", DataError("is torn", "c3.dcm")), feed.part, len(feed))

    monkeypatch.setattr(rehearse, "_time_steps", steps)
    found = rehearse.rehearse(configure(Request("enginetoys/denoise")), Options(device="cpu"))
    (said,) = [note for note in found.notes if note.startswith("left out: ")]
    assert "c3.dcm" in said and "is torn" in said
