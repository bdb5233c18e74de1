"""Layouts of structures keep lengths and circles; pictures hold what is said of each pair."""

from __future__ import annotations

import builtins
import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from medai.errors import DataError, EnvironmentFault
from medai.tasks import Pairs
from medai_rna.metrics.pictures import draw_lengths
from medai_rna.pictures.colours import COLOURS, verdicts
from medai_rna.pictures.layout import WIDTH, layout
from medai_rna.pictures.matrix import draw_matrix
from medai_rna.pictures.structure import Drawn, draw_structures

TRNA = "(((((((..((((.........)))).(((((.......))))).....(((((.......))))))))))))...."
LETTERS = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


def placed(brackets: str) -> np.ndarray:
    return layout(Pairs.from_brackets(brackets))


def apart(points: np.ndarray, i: int, j: int) -> float:
    return float(np.hypot(*(points[i] - points[j])))


def test_a_helix_is_straight_and_its_pairs_are_as_wide_everywhere() -> None:
    structure = Pairs.from_brackets(TRNA)
    points = layout(structure)
    pairs = set(structure.pairs)
    assert [apart(points, i, j) for i, j in pairs] == pytest.approx([WIDTH] * len(pairs))
    stacks = [(i, j) for i, j in pairs if (i + 1, j - 1) in pairs]
    for i, j in stacks:
        assert apart(points, i, i + 1) == pytest.approx(1) and apart(points, j, j - 1) == pytest.approx(1)
        along, across = points[i + 1] - points[i], points[j] - points[i]
        assert abs(along @ across) < 1e-6


def test_a_hairpin_loop_is_a_circle_of_its_circumference() -> None:
    points = placed("((((........))))")
    loop = points[3:13]
    assert [apart(points, i, i + 1) for i in range(3, 12)] == pytest.approx([1] * 9)
    rows = np.column_stack([2 * loop, np.ones(len(loop))])
    centre = np.linalg.lstsq(rows, (loop**2).sum(1), rcond=None)[0][:2]
    radii = np.hypot(*(loop - centre).T)
    assert np.ptp(radii) < 1e-6
    # Nine steps and a pair are a little shorter than the circle around them.
    assert 0.9 * 2 * np.pi * radii[0] < 9 + WIDTH < 2 * np.pi * radii[0]


def test_a_multiloop_has_its_steps_too() -> None:
    points = placed("(..((...))..((...))..)")
    assert [apart(points, i, i + 1) for i in (0, 1, 2, 9, 10, 11, 18, 19, 20)] == pytest.approx([1] * 9)


@pytest.mark.parametrize("brackets", ["((((...((((....))))))))", "((((..((((....)))).....))))", "(((.(((.((....)).)).))))"])
def test_arms_with_bulges_and_interior_loops_are_straight(brackets: str) -> None:
    structure = Pairs.from_brackets(brackets)
    points = layout(structure)
    middles = np.array([(points[i] + points[j]) / 2 for i, j in structure.pairs])
    assert np.ptp(middles[:, 0]) < 1e-6


def test_the_exterior_loop_is_on_a_line_from_left_to_right() -> None:
    points = placed("..((...))..(((...)))...")
    outside = [*range(3), 8, 9, 10, 11, 19, 20, 21, 22]
    assert np.abs(points[outside, 1]).max() < 1e-9
    assert (np.diff(points[outside, 0]) > 0).all()
    assert points[:, 1].min() > -1e-9


def test_a_branch_that_would_reach_below_the_line_is_lifted() -> None:
    points = placed(".(" + "((((((((....))))))))" * 5 + ").")
    assert points[0, 1] == points[-1, 1] == 0
    assert points[1:-1, 1].min() > 1


def test_pairs_are_as_wide_where_branches_need_much_room() -> None:
    wide = "((...))((...))".join(["(", ")"])
    arm = "((" + "(((((((((((((((...)))))))))))))))" * 4 + "))"
    for brackets in (f"({arm}{arm}...)", f"((...)({arm})...)", wide):
        structure = Pairs.from_brackets(brackets)
        points = layout(structure)
        assert [apart(points, i, j) for i, j in structure.pairs] == pytest.approx([WIDTH] * len(structure.pairs))


def shortest(points: np.ndarray) -> float:
    return float(min(np.hypot(*(first - second)) for first, second in itertools.combinations(points, 2)))


@pytest.mark.parametrize(
    "brackets", [TRNA, "((..((...))((...))((...))((...))))", "(" * 30 + "." * 3 + ")" * 30, "((...(((((....)))))))" * 5]
)
def test_bases_do_not_stand_on_each_other(brackets: str) -> None:
    assert shortest(placed(brackets)) > 0.9


@pytest.mark.parametrize("brackets", ["", ".", "()", "(())", "(.)", "....", "((..[[..))..]]", "(.(.).)"])
def test_every_structure_has_finite_places(brackets: str) -> None:
    points = placed(brackets)
    assert points.shape == (len(brackets), 2) and np.isfinite(points).all()
    assert len(brackets) < 2 or shortest(points) > 0.5


def test_places_by_viennarna_are_in_the_same_unit() -> None:
    points = layout(Pairs.from_brackets(TRNA), by="viennarna")
    assert points.shape == (len(TRNA), 2)
    assert np.median([apart(points, i, i + 1) for i in range(len(TRNA) - 1)]) == pytest.approx(1, abs=0.1)
    assert layout(Pairs((), 0), by="viennarna").shape == (0, 2)


def test_without_viennarna_its_places_are_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: Any, **options: Any) -> Any:
        if name == "RNA":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(EnvironmentFault, match="pip install"):
        layout(Pairs.from_brackets("(...)"), by="viennarna")


def test_pairs_are_right_wrong_or_missed() -> None:
    found, known = Pairs.from_brackets("((...))..."), Pairs.from_brackets("(.....)(.)")
    assert verdicts(found, known) == {(0, 6): "right", (1, 5): "wrong", (7, 9): "missed"}
    assert set(verdicts(found, None).values()) == {"predicted"}


def lines(axes: Any, colour: str) -> int:
    """Pairs drawn in a colour."""
    groups: list[Any] = [group for group in axes.collections if isinstance(group, LineCollection) and len(group.get_segments())]
    return sum(len(group.get_segments()) for group in groups if to_hex(group.get_edgecolor()[0]) == colour.lower())


def test_the_picture_shows_reference_and_prediction_in_colours() -> None:
    found, known = Pairs.from_brackets("((...))..."), Pairs.from_brackets("(.....)(.)")
    figure = draw_structures([Drawn("a", "GGAAACCGAC", found, known), Drawn("b", "GGAAACCGAC", found)])
    reference, prediction, alone = (axes for part in figure.subfigs for axes in part.axes)
    assert [lines(reference, COLOURS[kind]) for kind in ("right", "wrong", "missed")] == [1, 0, 1]
    assert [lines(prediction, COLOURS[kind]) for kind in ("right", "wrong", "missed")] == [1, 1, 0]
    assert lines(alone, COLOURS["predicted"]) == 2
    assert "".join(text.get_text() for text in alone.texts if len(text.get_text()) == 1) == "GGAAACCGAC"
    assert [text.get_text() for text in figure.subfigs[0].legends[0].get_texts()] == ["right 1", "wrong 1", "missed 1"]
    figure.savefig(io.BytesIO(), dpi=30)


def test_a_structure_without_pairs_and_an_empty_one_are_drawn(tmp_path: Path) -> None:
    draw_structures([Drawn("", "GGA", Pairs((), 3), Pairs((), 3)), Drawn("", "", Pairs((), 0))]).savefig(tmp_path / "x.png", dpi=30)
    assert (tmp_path / "x.png").stat().st_size > 0


def test_the_matrix_has_probabilities_above_and_structures_below() -> None:
    probabilities = np.zeros((7, 7))
    probabilities[0, 6], probabilities[1, 5], probabilities[2, 6], probabilities[6, 0] = 1.0, 0.25, 1e-5, 0.9
    figure = draw_matrix(probabilities, Pairs.from_brackets("((...))"), Pairs.from_brackets("(..)..."))
    squares = [np.asarray(path.vertices) for group in figure.axes[0].collections for path in group.get_paths()]
    middles = sorted((round(float(each[:4, 0].mean())), round(float(each[:4, 1].mean()))) for each in squares)
    assert middles == [(1, 4), (1, 7), (2, 6), (6, 2), (7, 1)]
    areas = {tuple(np.round(each[:4].mean(0)).astype(int).tolist()): float(np.prod(np.ptp(each, axis=0))) for each in squares}
    assert areas[7, 1] == pytest.approx(4 * areas[6, 2])
    with pytest.raises(DataError, match="a sequence of 3"):
        draw_matrix(probabilities, Pairs((), 3))


def test_numbers_stand_outside_of_helices() -> None:
    brackets = "((((((....))))))..((((((....))))))"
    figure = draw_structures([Drawn("", "A" * len(brackets), Pairs.from_brackets(brackets))])
    (axes,) = figure.subfigs[0].axes
    points = placed(brackets)
    numbers = {int(text.get_text()): np.array(text.get_position()) for text in axes.texts if text.get_text().isdigit()}
    assert sorted(numbers) == [10, 20, 30]
    assert min(float(np.hypot(*(points - place).T).min()) for place in numbers.values()) > 0.95
    assert numbers[20][0] < points[19, 0] and numbers[30][0] > points[29, 0]


def test_lengths_stand_in_figures_that_can_be_read() -> None:
    figure = draw_lengths([33, 50, 100, 210, 480], [0.5, 0.6, 0.7, 0.2, 0.1], 0.4)
    figure.canvas.draw()
    assert {"50", "100", "200"} <= {label.get_text() for label in figure.axes[0].get_xticklabels()}
    assert not any(label.get_text() for label in figure.axes[0].get_xticklabels(minor=True))


def test_the_legend_of_a_matrix_shows_squares_as_they_are_drawn() -> None:
    figure = draw_matrix(np.zeros((7, 7)), Pairs.from_brackets("((...))"), Pairs.from_brackets("(.(.).)"))
    (legend,) = figure.legends
    entries: list[Any] = list(legend.legend_handles)
    shown = {entry.get_label().split()[0]: entry for entry in entries}
    drawn = [each for each in figure.axes[0].collections if len(each.get_paths())]
    assert list(shown) == ["right", "wrong", "missed"] and {handle.get_marker() for handle in shown.values()} == {"s"}
    assert {handle.get_linestyle() for handle in shown.values()} == {"None"}
    assert [handle.get_markerfacecolor() == "none" for handle in shown.values()] == [not len(each.get_facecolor()) for each in drawn[-3:]]
    assert shown["missed"].get_markeredgecolor() == COLOURS["missed"]
