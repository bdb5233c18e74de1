from __future__ import annotations

from medai._engine.models import without_start
from medai.api import use


def test_a_trained_model_is_opened_without_the_weights_it_started_from() -> None:
    inner = use("x/net", channels=3, pretrained="default")
    assert without_start(inner) == use("x/net", channels=3, pretrained=None)
    assert without_start(use("x/tiled", model=inner, tile=[8, 8])) == use("x/tiled", model=without_start(inner), tile=[8, 8])
    assert without_start(use("x/plain", channels=3)) == use("x/plain", channels=3)
