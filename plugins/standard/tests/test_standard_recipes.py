"""The recipes of images: what they are made of, and a few steps of each on stub data and predictions on files."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image as Picture

from medai._cli import cli
from medai.api import Recipe
from medai.errors import DataError
from medai_standard.datasets.coco import Coco
from medai_standard.datasets.labelled import LabelledImages
from medai_standard.datasets.masked import MaskedImages
from medai_standard.datasets.scenes import Scenes
from medai_standard.recipes import CLASSIFY, DENOISE, DETECT, REGRESS, SEGMENT

RECIPES = (CLASSIFY, REGRESS, SEGMENT, DETECT, DENOISE)
SIZES = {
    **dict.fromkeys(("classify", "segment", "detect"), ("--set", "model.size=[64,64]")),
    "regress": ("--set", "model.network.size=[64,64]"),
    "denoise": ("--set", "train.views.0.size=32"),
}


def medai(*arguments: str | Path) -> None:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
class TestEach:
    def test_its_slot_scales_and_pictures(self, recipe: Recipe) -> None:
        assert list(recipe.data) == ["images"] and recipe.data["images"].embedded is not None
        assert {"quick", "small"} == set(recipe.scales) and "classes" not in recipe.model.params
        assert recipe.summary and recipe.license and "pretrained" not in recipe.model.params

    def test_stub_run_and_prediction_on_the_inputs_own_grid(self, recipe: Recipe, tmp_path: Path) -> None:
        size = SIZES[recipe.name]
        medai("run", f"standard/{recipe.name}", "--stub", "--out", tmp_path / "runs", *size)
        (run,) = (tmp_path / "runs").iterdir()
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        assert record["status"] == "finished" and (run / "report.html").exists()
        files = tmp_path / "files"
        files.mkdir()
        for name, shape in (("grey.png", (50, 70)), ("colour.png", (81, 40, 3))):
            Picture.fromarray(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)).save(files / name)
        medai("predict", run, files, "-o", tmp_path / "out")
        with (tmp_path / "out" / "predictions.csv").open(encoding="utf-8") as table:
            rows = {row["input"]: row for row in csv.DictReader(table)}
        assert {name: row["status"] for name, row in rows.items()} == {"grey.png": "ok", "colour.png": "ok"}
        for name, shape in (("grey.png", (50, 70)), ("colour.png", (81, 40))):
            check(recipe.task, tmp_path / "out" / rows[name]["file"], shape)
            if recipe.task == "classification":
                answer = json.loads((tmp_path / "out" / rows[name]["file"]).read_text(encoding="utf-8"))
                assert (
                    answer["name"] == answer["names"][answer["class"]]
                    and answer["names"] == record["configuration"]["protocol"]["options"]["classes"]
                )


def check(task: str, path: Path, shape: tuple[int, int]) -> None:
    """A prediction's file fits its input."""
    from medai._engine.models import build_task

    found: Any = build_task(task).load(path)
    if task == "segmentation":
        assert tuple(found.labels.shape) == shape
    elif task == "restoration":
        assert tuple(found.pixels.shape[1:]) == shape
    elif task == "detection":
        limit = torch.tensor([shape[1], shape[0]] * 2)
        assert bool((found.boxes >= 0).all() and (found.boxes <= limit).all())
    elif task == "classification":
        assert found.probabilities.shape == (2,)
    else:
        assert found.values.shape == (1,)


def labelled(root: Path, numbers: range, letters: str) -> Path:
    """A folder of images, each with a letter and a patient of its own."""
    (root / "images").mkdir(parents=True)
    for number in numbers:
        Picture.fromarray(np.full((40, 48), number * 10, np.uint8)).save(root / "images" / f"{number}.png")
    write(root / "labels.csv", "file,label,group", [f"{n}.png,{letters[n % len(letters)]},p{n}" for n in numbers])
    return root


def test_classes_follow_the_data(tmp_path: Path) -> None:
    few = ("--set", "model.size=[32,32]", "--set", "train.steps=1", "--set", "train.batch=2", "--set", "train.validate_every=1")
    medai("run", "standard/classify", "--data", labelled(tmp_path / "data", range(9), "abc"), "--out", tmp_path / "runs", *few)
    (run,) = (tmp_path / "runs").iterdir()
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert record["configuration"]["model"]["classes"] == 3 and record["origins"]["model.classes"] == "the data"
    assert record["configuration"]["data"]["images"]["folder"]["classes"] == ["a", "b", "c"]
    # Other patients, of fewer classes, are held to the trained order.
    medai("evaluate", run, "--data", labelled(tmp_path / "other", range(9, 15), "bc"), "--out", tmp_path / "evaluated")
    with pytest.raises(DataError, match="the label 'd' is none of the classes a, b, c"):
        medai("evaluate", run, "--data", labelled(tmp_path / "more", range(20, 24), "cd"), "--out", tmp_path / "more")


@pytest.mark.realdata
def test_breast_ultrasound_in_three_layouts(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "breast-ultrasound" / "Dataset_BUSI_with_GT"
    with (source.parent / "index.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for row in rows:
        shutil.copy(source / row["image"], images)
        stem = Path(row["image"]).stem
        for path in (source / row["class"]).glob(f"{stem.replace('(', '[(]')}_mask*.png"):
            shutil.copy(path, masks)
    names = [Path(row["image"]).name for row in rows]
    write(
        tmp_path / "labels.csv",
        "file,label,group",
        [f'"{name}",{row["class"]},"{row["group"]}"' for name, row in zip(names, rows, strict=True)],
    )
    write(tmp_path / "cases.csv", "file,group", [f'"{name}","{row["group"]}"' for name, row in zip(names, rows, strict=True)])
    labelled, masked = LabelledImages(tmp_path), MaskedImages(tmp_path, suffix="_mask")
    assert labelled.classes == ("benign", "malignant", "normal") and len(labelled.cases()) == len(masked.cases()) == 100
    assert len({case.group for case in labelled.cases()}) == len({case.group for case in masked.cases()}) == 88
    assert [case.group for case in labelled.cases()] == [case.group for case in masked.cases()]
    listed, boxes = [], []
    for place, (case, label) in enumerate(zip(masked.cases(), labelled.cases(), strict=True)):
        sample = masked.read(case, np.random.default_rng(0))
        assert label.id == case.id and bool(sample.reference.labels.any()) == (label.attributes["class"] != "normal")
        listed.append({"id": place, "file_name": sample.origin.files[0].name})
        if label.attributes["class"] != "normal":
            rows_, columns = (sample.reference.labels.any(axis).nonzero()[:, 0] for axis in (1, 0))
            box = [int(columns[0]), int(rows_[0]), int(columns[-1] - columns[0] + 1), int(rows_[-1] - rows_[0] + 1)]
            boxes.append({"id": place, "image_id": place, "category_id": 1, "bbox": box})
    (tmp_path / "annotations.json").write_text(
        json.dumps({"images": listed, "annotations": boxes, "categories": [{"id": 1, "name": "lesion"}]}), encoding="utf-8"
    )
    coco = Coco(tmp_path)
    found = [coco.read(case, np.random.default_rng(0)) for case in coco.cases()]
    assert sum(len(sample.reference) for sample in found) == 84 and sum(len(sample.reference) == 0 for sample in found) == 16


@pytest.mark.realdata
def test_lumbar_slices_as_they_lie(real_data: Path) -> None:
    dataset = MaskedImages(real_data / "spine" / "lumbar-mri-slices" / "input")
    assert len(dataset.cases()) == 11 and dataset.facts == {"model.classes": 3}
    for case in dataset.cases():
        assert dataset.read(case, np.random.default_rng(0)).reference.labels.shape == (256, 256)


def write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]), encoding="utf-8")


def test_what_is_drawn_for_a_recipe_is_drawn_once() -> None:
    for recipe in RECIPES:
        embedded = recipe.data["images"].embedded
        assert embedded is not None and embedded.id == "medai/cached"
        source = embedded.params["source"]
        assert source.id == "standard/scenes" and Scenes(**source.params).cases()  # type: ignore[attr-defined]
