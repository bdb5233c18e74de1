"""What a department gets: clean images, masks, a table, and nothing private."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.errors import DataError, UsageError
from medai.io import read_image
from medai.tasks import Case, Image, Origin, Sample
from medai_annotation.cleaned import Cleaned
from medai_annotation.exporters import CleanedImages


def pair(marked: bool = True, side: int = 64) -> tuple[Image, Image]:
    """An image with a white bar, and one without, as a network might answer: all of it a grey level off."""
    grey = torch.rand(1, side, side, generator=torch.Generator().manual_seed(1)) * 0.5
    clean = ((grey * 255).round() / 255).repeat(3, 1, 1)
    given = clean.clone()
    if marked:
        given[:, 10:14, 20:50] = 1.0
    return Image(given, "0..1"), Image(clean + 1 / 255, "0..1")


MEASURED = {"presence_threshold": 0.1, "presence_pixels": 16, "sure": 0.5}


def written(folder: Path, rows: list[tuple[str, Image, Image]], **options: Any) -> list[dict[str, str]]:
    exporter = CleanedImages(**{**MEASURED, **options})
    samples: list[Any] = [(Sample(Case(name, name), given), answer) for name, given, answer in rows]
    files = exporter.write(samples, folder)
    assert all(path.is_file() for path in files) and files[-1] == folder / "annotations.csv"
    with files[-1].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_annotation_is_gone_and_all_else_is_as_it_was(tmp_path: Path) -> None:
    given, answer = pair()
    (row,) = written(tmp_path, [("a b", given, answer)], annotation="body-marker")
    assert row == {
        "case": "a b", "annotation": "body-marker", "present": "yes", "score": "120", "reason": "",
        "clean": "clean/a-b.png", "mask": "mask/a-b.png",
    }  # fmt: skip
    clean, mask = read_image(tmp_path / row["clean"]).pixels, np.asarray(Picture.open(tmp_path / row["mask"]))
    assert mask.shape == (64, 64) and (mask > 0).sum() == 120 and (mask[10:14, 20:50] == 255).all()
    outside = torch.ones(64, 64, dtype=torch.bool)
    outside[8:16, 18:52] = False  # the mask and its margin
    assert torch.allclose(clean[:, outside], given.pixels[:, outside], atol=0.5 / 255 + 1e-6)
    assert torch.allclose(clean[:, ~outside], answer.pixels[:, ~outside], atol=0.5 / 255 + 1e-6)
    written(tmp_path / "whole", [("a", given, answer)], whole=True)
    assert torch.allclose(read_image(tmp_path / "whole/clean/a.png").pixels, answer.pixels, atol=0.5 / 255 + 1e-6)


def test_an_image_without_says_no(tmp_path: Path) -> None:
    rows = written(tmp_path, [("with", *pair()), ("without", *pair(marked=False))], presence_pixels=100)
    assert [(row["present"], row["score"]) for row in rows] == [("yes", "120"), ("no", "0")]
    rows = written(tmp_path / "more", [("with", *pair())], presence_pixels=121)
    assert rows[0]["present"] == "no"


def test_a_model_that_tells_kinds_apart_names_them(tmp_path: Path) -> None:
    given, answer = pair()
    marks = torch.zeros(64, 64, dtype=torch.int64)
    marks[10:14, 20:50], marks[30:32, 30:32] = 1, 3
    told = Cleaned(answer.pixels, "0..1", None, marks, torch.tensor([0.9, 0.2, 0.6]))
    (row,) = written(tmp_path, [("a", given, told)], sure=0.5)
    assert row["annotation"] == "body-marker + vascular-flow" and row["present"] == "yes" and row["score"] == "124"
    assert [row[f"{kind}-score"] for kind in ("body-marker", "radial-line", "vascular-flow")] == ["0.9000", "0.2000", "0.6000"]
    assert (np.asarray(Picture.open(tmp_path / row["mask"])) > 0).sum() == 124
    assert written(tmp_path / "b", [("a", given, told)], sure=0.95)[0]["present"] == "no"


def test_private_regions_are_coarse_before_anything_is_written(tmp_path: Path) -> None:
    given, answer = pair()
    written(tmp_path, [("a", given, answer)], private=((0, 0, 40, 8), (60, 60, 100, 100)), block=8)
    clean = np.asarray(Picture.open(tmp_path / "clean/a.png"))
    for left in range(0, 40, 8):
        assert (clean[:8, left : left + 8] == clean[0, left]).all()
    assert (clean[60:, 60:] == clean[60, 60]).all()
    assert (clean[20:28, 0:8] != clean[20, 0]).any()
    # No file that was written holds the pixels that were there.
    hidden = (given.pixels[:, :8, :8] * 255).round().byte().numpy().transpose(1, 2, 0)
    for path in tmp_path.rglob("*.png"):
        assert not (np.asarray(Picture.open(path).convert("RGB"))[:8, :8] == hidden).all()


def test_what_was_private_is_in_no_mask_and_no_score(tmp_path: Path) -> None:
    given, answer = pair()  # its white bar is a name here
    box = ((16, 8, 52, 16),)
    (row,) = written(tmp_path, [("a", given, answer)], private=box)
    assert (row["present"], row["score"]) == ("no", "0") and not np.asarray(Picture.open(tmp_path / row["mask"])).any()
    marks = torch.zeros(64, 64, dtype=torch.int64)
    marks[10:14, 20:50], marks[30:32, 30:32] = 1, 3
    told = Cleaned(answer.pixels, "0..1", None, marks, torch.tensor([0.9, 0.2, 0.6]))
    (row,) = written(tmp_path / "told", [("a", given, told)], private=box)
    assert row["score"] == "4" and (np.asarray(Picture.open(tmp_path / "told" / row["mask"])) > 0).sum() == 4


def test_a_grey_image_stays_grey(tmp_path: Path) -> None:
    given, answer = pair()
    grey, tinted = given.pixels[:1].expand(3, 64, 64), answer.pixels * torch.tensor([1.0, 0.8, 0.6])[:, None, None]
    (row,) = written(tmp_path, [("a", Image(grey, "0..1"), Image(tinted, "0..1"))], whole=True)
    clean = read_image(tmp_path / row["clean"]).pixels
    assert len(clean) == 1 and torch.allclose(clean, tinted.mean(0, keepdim=True), atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("wrong", [{"threshold": 7.0}, {"presence_threshold": 0.0}, {"sure": 1.5}, {"presence_pixels": 0}])
def test_a_number_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        CleanedImages(**wrong)


def test_a_region_that_misses_the_image_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    given, answer = pair()
    with pytest.raises(DataError, match="at 64, 0 lies outside an image of 64 x 64"):
        written(tmp_path, [("a", given, answer)], private=((64, 0, 80, 8),))
    assert not list(tmp_path.rglob("*.png"))
    for box in ((5, 5, 5, 9), (-1, 0, 4, 4)):
        with pytest.raises(UsageError, match="x0 below x1"):
            CleanedImages(private=(box,))


def test_planes_of_a_volume_are_images(tmp_path: Path) -> None:
    given, answer = pair()
    volume, answers = (Image(torch.stack([image.pixels, image.pixels], 1), "0..1") for image in (given, answer))
    rows = written(tmp_path, [("v", volume, answers)])
    assert [row["clean"] for row in rows] == ["clean/v-0001.png", "clean/v-0002.png"] and {row["score"] for row in rows} == {"120"}


def test_an_answer_of_another_shape_or_unit_is_refused(tmp_path: Path) -> None:
    given, answer = pair()
    with pytest.raises(DataError, match="no image of its input's shape"):
        written(tmp_path, [("a", given, Image(answer.pixels[:1], "0..1"))])
    with pytest.raises(DataError, match="in HU"):
        written(tmp_path, [("a", given, Image(answer.pixels, "HU"))])


def test_presence_that_no_run_measured_is_not_told_and_said_once(tmp_path: Path) -> None:
    rows = [("with", *pair()), ("without", *pair(marked=False))]
    for given in ({"presence_threshold": None, "presence_pixels": None}, {"presence_threshold": None}, {"presence_pixels": None}):
        with pytest.warns(
            UserWarning, match="n2n-annotation-removal-pipeline.*--set presence_threshold=... --set presence_pixels="
        ) as said:
            found = written(tmp_path / "-".join(given), rows, **given)
        assert len(said) == 1 and [(row["present"], row["score"]) for row in found] == [("", "120"), ("", "0")]
        assert {row["reason"] for row in found} == {"the run has measured no presence"}
    told = Cleaned(pair()[1].pixels, "0..1", None, torch.zeros(64, 64, dtype=torch.int64), torch.tensor([0.9, 0.2, 0.6]))
    with pytest.warns(UserWarning, match="--set sure="):
        (row,) = written(tmp_path / "told", [("a", pair()[0], told)], sure=None)
    assert (row["present"], row["annotation"], row["body-marker-score"]) == ("", "", "0.9000")


def test_of_colour_doppler_presence_is_not_told_and_the_file_is_named(tmp_path: Path) -> None:
    given, answer = pair()
    coloured = given.pixels.clone()
    coloured[2, 40:52, 20:40] = 0  # 240 of 4096 pixels, red and green as they were
    coloured[0, 40:52, 20:40] = 0.9
    doppler = Image(coloured, "0..1", Origin((Path("in/flow.png"),)))
    with pytest.warns(UserWarning, match=r"flow\.png: 5\.9 % of its pixels are coloured") as said:
        rows = written(tmp_path, [("i-1", doppler, answer), ("b", *pair())])
    assert len(said) == 1 and [(row["present"], row["reason"]) for row in rows] == [("", "5.9 % of its pixels are coloured"), ("yes", "")]
    assert (tmp_path / "clean/flow.png").is_file() and rows[0]["annotation"] == "annotation"
    marks = torch.zeros(64, 64, dtype=torch.int64)
    with pytest.warns(UserWarning, match="flow"):
        (row,) = written(tmp_path / "told", [("a", doppler, Cleaned(answer.pixels, "0..1", None, marks, torch.tensor([0.9, 0.2, 0.6])))])
    assert (row["present"], row["annotation"], row["body-marker-score"]) == ("", "", "0.9000")


def test_files_and_cases_bear_the_name_of_the_input_and_dicom_its_pseudonym(tmp_path: Path) -> None:
    given, answer = pair()

    def of(name: str, **attributes: str) -> Image:
        return Image(given.pixels, "0..1", Origin((Path(name),), attributes=attributes))

    rows = written(
        tmp_path,
        [
            ("i-1", of("x/scan (1).png"), answer),
            ("p-3-0001", of("x/MILLER.dcm", Modality="US"), answer),
            ("i-2", of("x/same.png"), answer),
            ("i-3", of("y/same.jpg"), answer),
            ("i-4", of("i-2.png"), answer),
        ],
    )
    assert [row["case"] for row in rows] == ["scan (1)", "p-3-0001", "i-2", "i-3", "i-2"]
    assert [row["clean"] for row in rows] == [f"clean/{name}.png" for name in ("scan (1)", "p-3-0001", "i-2-3", "i-3", "i-2")]
    assert all((tmp_path / row[part]).is_file() for row in rows for part in ("clean", "mask"))
    assert {path.name for path in tmp_path.iterdir()} == {"clean", "mask", "annotations.csv"}


def test_a_grey_image_of_16_bits_stays_one(tmp_path: Path) -> None:
    fine = (torch.arange(64 * 64).reshape(1, 64, 64) * 16 + 1) / 65535
    coarse = (fine * 255).round() / 255
    written(tmp_path, [(name, Image(pixels.expand(3, -1, -1), "0..1"), Image(pixels.expand(3, -1, -1), "0..1"))
                       for name, pixels in (("fine", fine), ("coarse", coarse))])  # fmt: skip
    assert torch.equal((read_image(tmp_path / "clean/fine.png").pixels * 65535).round(), (fine * 65535).round())
    assert [Picture.open(tmp_path / f"clean/{name}.png").mode for name in ("coarse", "fine")] == ["L", "I;16"]
