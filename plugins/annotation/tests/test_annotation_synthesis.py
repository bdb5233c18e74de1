"""What generators draw: where, how large, how bright, and that chance is the generator's alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from medai.errors import DataError, UsageError
from medai_annotation.synthesis.body_marker import BORDER, BodyMarker
from medai_annotation.synthesis.icon_folder import LONGEST, read_icons
from medai_annotation.synthesis.icons import ICONS
from medai_annotation.synthesis.layers import Floats, Generator, Layer, box_of, covered, laid, paint
from medai_annotation.synthesis.lesions import dark_blob, random_ellipse
from medai_annotation.synthesis.pen import Pen
from medai_annotation.synthesis.radial_line import RadialLine
from medai_annotation.synthesis.strokes import Style, pattern
from medai_annotation.synthesis.vascular_flow import VascularFlow

SHAPES = ((32, 32), (96, 128), (200, 90), (33, 300))
GENERATORS: tuple[Callable[[], Generator], ...] = (BodyMarker, RadialLine, VascularFlow)


def image(shape: tuple[int, int], seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(0.2, 0.4, (3, *shape)).astype(np.float32)


@pytest.mark.parametrize("make", GENERATORS)
def test_draws_the_same_by_the_same_generator_and_else_otherwise(make: Callable[[], Generator]) -> None:
    pixels = image((96, 128))
    first, again, other = (laid(pixels, make().draw(pixels, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("make", GENERATORS)
def test_draws_something_and_nothing_beyond_the_image(make: Callable[[], Generator], shape: tuple[int, int]) -> None:
    pixels, generator = image(shape), make()
    for seed in range(40):
        layers = generator.draw(pixels, np.random.default_rng(seed))
        assert covered(shape, layers).any()
        for layer in layers:
            rows, columns = layer.coverage.shape
            assert 0 <= layer.row <= shape[0] - rows and 0 <= layer.column <= shape[1] - columns
            assert layer.coverage.min() >= 0 and layer.coverage.max() <= 1


@pytest.mark.parametrize("shape", SHAPES)
def test_body_marker_lies_wholly_within_a_fifth_along_one_edge(shape: tuple[int, int]) -> None:
    height, width = shape
    strip = BORDER * height, BORDER * width
    edges = set()
    for seed in range(120):
        box = box_of(covered(shape, BodyMarker().draw(image(shape), np.random.default_rng(seed))))
        assert box is not None
        left, top, right, bottom = box
        inside = (bottom <= strip[0], top >= height - strip[0], right <= strip[1], left >= width - strip[1])
        assert any(inside)
        edges |= {place for place, there in enumerate(inside) if there}
        assert max(bottom - top, right - left) <= max(6, BORDER * min(shape))
    assert edges == {0, 1, 2, 3}


def test_body_marker_is_as_large_as_asked() -> None:
    longest = []
    for seed in range(60):
        box = box_of(covered((256, 256), BodyMarker(sizes=(0.18, 0.2)).draw(image((256, 256)), np.random.default_rng(seed))))
        assert box is not None
        longest.append(max(box[2] - box[0], box[3] - box[1]))
    # A fetus, which is turned by any angle, is drawn smaller so that its corners stay in.
    assert max(longest) <= 51 and np.median(longest) >= 38


@pytest.mark.parametrize("make", GENERATORS)
def test_no_pixel_is_covered_so_often_that_its_median_is_not_the_clean_one(make: Callable[[], Generator]) -> None:
    rows, columns = np.mgrid[:96, :96]
    pixels = image((96, 96))
    pixels[:, np.hypot(rows - 50, columns - 40) < 15] = 0.05
    generator = make()
    often = np.mean([covered((96, 96), generator.draw(pixels, np.random.default_rng(seed))) for seed in range(150)], axis=0)
    assert often.max() < 0.35


def test_lines_are_as_bright_as_asked() -> None:
    for make in (RadialLine, VascularFlow):
        for seed in range(30):
            (layer,) = make(greys=(0.7, 0.8)).draw(image((96, 96)), np.random.default_rng(seed))
            assert 0.7 * 0.8 <= layer.colour.max() <= 0.8


def test_pixels_that_nothing_covers_stay_as_they_are_and_others_are_mixed() -> None:
    pixels = image((40, 50))
    coverage = np.zeros((4, 6), dtype=np.float32)
    coverage[1, 2], coverage[2, 2] = 0.25, 1.0
    result = laid(pixels, [Layer(coverage, 10, 20, paint((1.0, 0.5, 0.0)))])
    drawn = covered((40, 50), [Layer(coverage, 10, 20, paint((1.0, 0.5, 0.0)))])
    assert drawn.sum() == 2 and np.array_equal(result[:, ~drawn], pixels[:, ~drawn])
    assert result[:, 12, 22].tolist() == [1.0, 0.5, 0.0]
    assert np.allclose(result[:, 11, 22], 0.75 * pixels[:, 11, 22] + 0.25 * np.array([1.0, 0.5, 0.0]))


def test_radial_lines_are_laid_around_the_dark_blob() -> None:
    rows, columns = np.mgrid[:160, :200]
    pixels = image((160, 200))
    pixels[:, ((rows - 70) / 20) ** 2 + ((columns - 120) / 36) ** 2 < 1] = 0.05
    found = dark_blob(pixels, np.random.default_rng(0))
    assert found is not None
    assert abs(found.row - 70) < 5 and abs(found.column - 120) < 5
    assert abs(found.long - 36) < 9 and abs(found.short - 20) < 6 and abs(np.sin(found.tilt)) < 0.2
    assert found.reach(found.tilt) == pytest.approx(found.long) and found.reach(found.tilt + np.pi / 2) == pytest.approx(found.short)


def test_an_even_image_has_no_dark_blob() -> None:
    assert dark_blob(np.full((3, 64, 64), 0.4, dtype=np.float32), np.random.default_rng(0)) is None
    assert dark_blob(np.zeros((3, 64, 64), dtype=np.float32), np.random.default_rng(0)) is None
    middle = random_ellipse((64, 200), np.random.default_rng(0))
    assert 16 <= middle.row <= 48 and 50 <= middle.column <= 150


@pytest.mark.parametrize(
    ("style", "least", "most"), [("solid", 1, 1), ("dashed", 0.2, 0.85), ("dotted", 0.15, 0.6), ("dash-dot", 0.3, 0.9)]
)
def test_line_styles_cover_their_share_of_a_line(style: Style, least: float, most: float) -> None:
    shares = set()
    for seed in range(20):
        pieces = pattern(style, 200.0, 2.0, np.random.default_rng(seed))
        assert all(0 <= begin < end <= 200 for begin, end in pieces)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(pieces))
        share = sum(end - begin for begin, end in pieces) / 200
        assert least <= share <= most
        shares.add(round(share, 3))
    assert len(shares) > 10 or style == "solid"


def test_flow_boxes_are_boxes_and_parallelograms_with_lines_that_change() -> None:
    slanted, shares = 0, []
    for seed in range(80):
        (layer,) = VascularFlow().draw(image((256, 256)), np.random.default_rng(seed))
        drawn = layer.coverage > 0
        high, wide = drawn.shape
        shares.append(drawn.sum() / (2 * (high + wide)))
        # The left side of a box is in its first columns from top to bottom, that of a parallelogram at one end alone.
        left = np.flatnonzero(drawn[:, :3].any(axis=1))
        slanted += len(left) == 0 or int(np.ptp(left)) < high // 2
        assert min(high, wide) >= 0.19 * 256 and max(high, wide) <= 0.7 * 256
    assert 10 < slanted < 60
    assert np.percentile(shares, 10) < 0.7 < 1 < np.percentile(shares, 90)


def test_pen_draws_hard_dots_of_the_size_asked_for_and_smooth_ones_of_their_area() -> None:
    for side in (1, 2, 3):
        pen = Pen(9, 9, fine=1)
        pen.dot((4.5, 4.5), side)
        assert pen.coverage().sum() == side**2
    pen = Pen(9, 9)
    pen.dot((4.5, 4.5), 4)
    assert pen.coverage().sum() == pytest.approx(np.pi * 4, rel=0.2)


def test_icons_are_many_and_stay_in_their_square() -> None:
    assert len({icon.name for icon in ICONS}) == len(ICONS) >= 15
    for icon in ICONS:
        points = np.concatenate([stroke.points for stroke in icon.strokes])
        assert points.min() > -0.06 and points.max() < 1.06, icon.name
        assert np.ptp(points, axis=0).min() > 0.5, icon.name


@pytest.mark.parametrize("range_", [(0.0, 0.1), (0.1, 0.05), (0.1, 0.3)])
def test_ranges_that_are_none_are_refused(range_: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="sizes"):
        BodyMarker(sizes=range_)


def save(folder: Path, name: str, picture: Picture.Image) -> None:
    folder.mkdir(exist_ok=True)
    picture.save(folder / name)


def test_icons_of_a_users_own_are_read_with_their_alpha_or_by_their_grey(tmp_path: Path) -> None:
    alpha = Picture.new("RGBA", (40, 60))
    alpha.paste((200, 0, 0, 255), (10, 20, 30, 40))
    grey = Picture.new("L", (50, 50))
    grey.paste(128, (5, 5, 45, 25))
    wide = Picture.fromarray(np.pad(np.full((8, 8), 65535, dtype=np.uint16), 4))
    palette = Picture.new("P", (20, 20), 1)
    palette.putpalette([0, 0, 0, 0, 255, 0])
    for name, picture in (("a.png", alpha), ("b.png", grey), ("c.png", wide), ("d.png", palette)):
        save(tmp_path, name, picture)
    first, second, third, fourth = read_icons(tmp_path)
    assert first.size == (20, 20) and first.getpixel((0, 0)) == (200, 0, 0, 255)
    assert second.size == (40, 20) and second.getpixel((0, 0)) == (255, 255, 255, 128)
    assert third.size == (8, 8) and third.getpixel((0, 0)) == (255, 255, 255, 255)
    assert fourth.size == (20, 20) and fourth.getpixel((0, 0)) == (0, 255, 0, 255)


def test_an_icon_larger_than_the_image_is_scaled_to_the_markers_size(tmp_path: Path) -> None:
    save(tmp_path, "large.png", Picture.new("RGB", (3000, 1000), (0, 255, 0)))
    icons = read_icons(tmp_path)
    assert max(icons[0].size) == LONGEST
    pixels = image((64, 80))
    layers = BodyMarker(icons=icons, greys=(1.0, 1.0)).draw(pixels, np.random.default_rng(3))
    drawn = covered((64, 80), layers)
    assert 0 < drawn.sum() <= (0.2 * 64) ** 2
    assert np.allclose(laid(pixels, layers)[:, drawn].T, (0, 1, 0), atol=0.01)


def test_folders_without_icons_and_files_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone"):
        read_icons(tmp_path / "gone")
    with pytest.raises(DataError, match="holds no icon"):
        read_icons(tmp_path)
    save(tmp_path, "black.png", Picture.new("L", (10, 10)))
    with pytest.raises(DataError, match=r"(?s)black\.png.*visible|visible.*black\.png"):
        read_icons(tmp_path)
    (tmp_path / "black.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match=r"black\.png"):
        read_icons(tmp_path)
