from pathlib import Path

import numpy as np
import pytest
import torch
from medai.errors import DataError

from medai_example_thirdparty.datasets.outlines import filled, read_outline, traced, write_outline


def test_a_square_holds_the_pixels_whose_centres_it_holds() -> None:
    square = np.array([[0.5, 0.5], [2.5, 0.5], [2.5, 1.5], [0.5, 1.5]])
    assert filled([square], (3, 4)).tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_what_is_traced_fills_the_same_mask(tmp_path: Path) -> None:
    labels = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (12, 9)))  # islands, holes and both borders
    path = write_outline(tmp_path / "a.txt", traced(labels))
    assert torch.equal(filled(read_outline(path), (12, 9)), labels)


def test_an_empty_file_is_an_outline_of_nothing(tmp_path: Path) -> None:
    path = write_outline(tmp_path / "a.txt", traced(torch.zeros(4, 4)))
    assert path.read_text() == "" and not filled(read_outline(path), (4, 4)).any()


@pytest.mark.parametrize(("text", "reason"), [("1 2\n3 a\n", "line 2 is not two numbers"), ("1 2\n3 4\n", "three points or more")])
def test_a_bad_outline_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=reason):
        read_outline(path)
