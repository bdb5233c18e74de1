"""What a guest's row takes over of a table's cells, and how runs of one recipe are told apart."""

from __future__ import annotations

from medai._reproduce.order import Guest
from medai._reproduce.plan import _guest_cells, _shared_overrides
from medai.api import Cell, Table, use


def table(*overrides: dict[str, object]) -> Table:
    cells = [
        Cell(row=str(place), column="psnr", reported=1.0, recipe="tabletoys/net", metric="psnr", overrides=each)
        for place, each in enumerate(overrides)
    ]
    return Table(name="t", title="t", task="restoration", cells=tuple(cells), guest="tabletoys/net")


def test_what_all_rows_have_alike_is_the_guest_s_too() -> None:
    views: dict[str, object] = {"train.views.0.use": "a/lines", "protocol.options.kind": "lines"}
    views_and_model = {**views, "model.width": 2}
    given = table({**views_and_model, "train.views.0.target": "clean"}, {**views_and_model, "train.views.0.target": "noisy"})
    assert _shared_overrides(given) == views
    (cell,) = _guest_cells(given, Guest("mine", use("tabletoys/net"), trained=True))
    assert cell.overrides == views and cell.reported is None


def test_of_a_table_without_overrides_there_is_nothing_to_take() -> None:
    assert _shared_overrides(table({}, {"train.steps": 3})) == {}
    assert _shared_overrides(table({"train.steps": 3})) == {"train.steps": 3}
