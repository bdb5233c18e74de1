"""Figures as pictures: drawn once and cut to what is drawn, as `savefig` cuts them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from medai._report.charts import as_png


def figure(title: str = "a line", layout: str = "none") -> Figure:
    made = Figure(figsize=(4, 3), layout=layout)
    axes = made.add_axes((0.3, 0.3, 0.4, 0.4)) if layout == "none" else made.add_subplot()
    axes.plot([1, 2], [3, 4])
    axes.set_title(title)
    return made


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def by_savefig(made: Figure) -> np.ndarray:
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=110, bbox_inches="tight", facecolor="white")
    return pixels(buffer.getvalue())


@pytest.mark.parametrize("layout", ["none", "constrained"])
def test_what_is_empty_around_a_figure_is_cut_away(layout: str) -> None:
    cut = pixels(as_png(figure(layout=layout)))
    assert np.abs(np.subtract(cut.shape, by_savefig(figure(layout=layout)).shape)).max() <= 3
    inked = np.argwhere((cut != 255).any(axis=-1))
    assert inked.min(axis=0).min() > 2 and (np.array(cut.shape[:2]) - inked.max(axis=0)).min() > 2


def test_what_stands_beyond_the_edges_is_in_the_picture() -> None:
    grown = pixels(as_png(figure("words " * 40)))
    assert grown.shape == by_savefig(figure("words " * 40)).shape
    assert grown.shape[1] > 440 > pixels(as_png(figure())).shape[1]


def test_as_it_is_a_figure_keeps_its_size() -> None:
    assert pixels(as_png(figure(), trim=False)).shape == (330, 440, 3)
