"""Seven unlike methods, each a third party's plugin, through every command: list, show, run, SIGKILL and resume, evaluate, predict,
export, report."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from medai_command import Done, Kill, environment, medai
from safetensors.numpy import load_file

LAST, CASES = "checkpoints/last.safetensors", "cases.csv"
# One run, killed again and again: after a checkpoint, in the middle of writing one, somewhere in a step, and during evaluation.
KILLS = (Kill(LAST, 1, "after"), Kill(LAST, 2, "before"), Kill(LAST, 1, "later"), Kill(CASES, 1, "before"))


@dataclass(frozen=True)
class Shape:
    """A shape's main recipe and what is expected of it: the figure that shows that it has learned, and the least that it must reach."""

    recipe: str
    task: str
    figure: str
    least: float
    learns: bool = True
    kills: tuple[Kill, ...] = KILLS

    @property
    def plugin(self) -> str:
        return self.recipe.split("/")[0]


SHAPES = (
    Shape("plain/denoise", "restoration", "psnr", 19.0),
    Shape("gan/denoise", "restoration", "psnr", 12.0),
    Shape("fcos/detect", "detection", "ap50", 0.5),
    Shape("folding/fold", "base-pairing", "f1", 0.75),
    Shape("constant/smooth", "restoration", "psnr", 28.0, learns=False, kills=(Kill(CASES, 1, "before"),)),
    Shape("svm/classify", "classification", "accuracy", 0.85),
    Shape(
        "stages/classify",
        "classification",
        "accuracy",
        0.85,
        kills=(Kill(f"upstream/detect/{LAST}", 2, "after"), Kill(f"upstream/detect/{CASES}", 1, "before"), *KILLS),
    ),
)
every = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.plugin)
learners = pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.learns], ids=lambda shape: shape.plugin)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Shape], Path]:
    """The run folder of a shape's recipe, run once and never broken."""
    folders: dict[str, Path] = {}

    def find(shape: Shape) -> Path:
        if shape.recipe not in folders:
            place = tmp_path_factory.mktemp(shape.plugin)
            run(shape, place).ok()
            folders[shape.recipe] = only_run(place)
        return folders[shape.recipe]

    return find


def run(shape: Shape, place: Path, *more: str, kill: Kill | None = None) -> Done:
    arguments = ("run", shape.recipe, *(more or ("--scale", "quick")), "--out", place / "runs", "--device", "cpu")
    return medai(*arguments, scratch=place, kill=kill)


def only_run(place: Path) -> Path:
    (folder,) = (place / "runs").iterdir()
    return folder


def figures(folder: Path) -> dict[str, float]:
    return {name: figure["value"] for name, figure in json.loads((folder / "summary.json").read_text())["figures"].items()}


def listed() -> list[dict[str, object]]:
    """What a user's environment, where the shapes stand on the import path, lists."""
    command = [Path(sys.executable).with_name("medai"), "list", "--json"]
    done = subprocess.run(command, env={**os.environ, **environment()}, capture_output=True, text=True, check=True)
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_list_holds_every_shape() -> None:
    held = {(item["kind"], item["id"]): item for item in listed()}
    for shape in SHAPES:
        record = held["recipe", shape.recipe]
        assert (record["plugin"], record["version"]) == (shape.plugin, "0.1.0")
        assert str(record["task"]).removeprefix("medai/") == shape.task
        assert {kind for kind, id in held if str(id).startswith(f"{shape.plugin}/")} >= {"recipe", "dataset", "model"}


@every
def test_show_says_what_it_is(shape: Shape, tmp_path: Path) -> None:
    shown = medai("show", shape.recipe, scratch=tmp_path).ok().out
    assert shape.recipe in shown
    assert f"medai run {shape.recipe}" in shown


@every
def test_a_run_writes_its_folder_and_learns(shape: Shape, finished: Callable[[Shape], Path]) -> None:
    folder = finished(shape)
    expected = {"run.json", "split.json", "cases.csv", "summary.json", "report.html", "predictions"}
    assert expected <= {path.name for path in folder.iterdir()}
    assert json.loads((folder / "run.json").read_text())["status"] == "finished"
    assert figures(folder)[shape.figure] >= shape.least
    with (folder / "cases.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["predictor"] == "model"]
    assert rows and all((folder / row["prediction"]).is_file() for row in rows)


@learners
def test_a_run_that_learns_keeps_its_losses_and_weights(shape: Shape, finished: Callable[[Shape], Path]) -> None:
    folder = finished(shape)
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"last.safetensors", "best.safetensors"}
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"train", "valid"}
    if shape.plugin != "gan":  # a critic's gap and a generator's error have no common course
        totals = [
            sum(value for name, value in line.items() if name not in ("kind", "step", "epoch")) for line in lines if line["kind"] == "train"
        ]
        assert totals[-1] < 0.9 * totals[0]


def test_what_learns_nothing_is_compared_with_its_input(finished: Callable[[Shape], Path]) -> None:
    folder = finished(next(shape for shape in SHAPES if not shape.learns))
    assert not (folder / "checkpoints").exists()
    (baseline,) = json.loads((folder / "summary.json").read_text())["baselines"].values()
    assert figures(folder)["psnr"] > baseline["psnr"]["value"] + 5


def test_a_frozen_network_of_the_loss_is_not_saved(finished: Callable[[Shape], Path]) -> None:
    folder = finished(SHAPES[1])
    held = load_file(folder / LAST)
    assert len(held) > 8
    assert not any(value.shape == (6, 1, 3, 3) for value in held.values())


@every
def test_killed_and_resumed_it_ends_with_the_same_figures(shape: Shape, finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    unbroken = finished(shape)
    killed = run(shape, tmp_path, kill=shape.kills[0])
    assert killed.code == -9, killed.err
    folder = only_run(tmp_path)
    for kill in shape.kills[1:]:
        killed = medai("run", "--resume", folder, scratch=tmp_path, kill=kill)
        assert killed.code == -9, f"{kill}\n{killed.err}"
        assert not (folder / "summary.json").exists()
    medai("run", "--resume", folder, scratch=tmp_path).ok()
    for name in ("summary.json", "cases.csv", "split.json"):
        assert (folder / name).read_bytes() == (unbroken / name).read_bytes(), name
    if shape.learns and shape.plugin != "svm":  # skops writes the time and addresses into its bytes
        assert_same_weights(folder, unbroken)
    assert (folder / "report.html").is_file()


def assert_same_weights(first: Path, second: Path) -> None:
    for name in ("last", "best"):
        ours, theirs = (load_file(folder / "checkpoints" / f"{name}.safetensors") for folder in (first, second))
        assert ours.keys() == theirs.keys()
        assert all(ours[key].tobytes() == theirs[key].tobytes() for key in ours), name


@every
def test_stub_data_run_through_the_real_reader(shape: Shape, tmp_path: Path) -> None:
    run(shape, tmp_path, "--stub").ok()
    folder = only_run(tmp_path)
    assert set(figures(folder)) == set(shape_metrics(shape))
    assert any((folder / "stub").iterdir())


def shape_metrics(shape: Shape) -> tuple[str, ...]:
    return {
        "restoration": ("psnr", "ssim", "rmse"),
        "detection": ("ap", "ap50"),
        "base-pairing": ("f1", "precision", "recall"),
        "classification": ("accuracy", "auc"),
    }[shape.task]


@every
def test_evaluate_measures_the_same_again(shape: Shape, finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    folder = finished(shape)
    done = medai("evaluate", folder, "--out", tmp_path / "again", "--json", scratch=tmp_path).ok()
    measured = {name: figure["value"] for name, figure in json.loads(done.out)["figures"].items()}
    assert measured == figures(folder)


def write_unlabelled(shape: Shape, folder: Path) -> Path:
    """Input without an answer, of another size where the method allows it."""
    rng = np.random.default_rng(5)
    if shape.plugin == "folding":
        path = folder / "strands.fa"
        path.write_text(">new\nACGGGCCAAAAGGCCCGA\n")
    elif shape.plugin == "svm":
        path = folder / "people.csv"
        path.write_text("id,x,y\nnew,0.1,0.9\n")
    else:
        size = {"fcos": (64, 64), "stages": (48, 44)}.get(shape.plugin, (36, 28))
        path = folder / "new.npy"
        np.save(path, rng.uniform(0, 1, size).astype(np.float32))
    return path


@every
def test_predict_answers_unlabelled_input(shape: Shape, finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    medai("predict", finished(shape), write_unlabelled(shape, tmp_path), "-o", tmp_path / "answers", scratch=tmp_path).ok()
    with (tmp_path / "answers" / "predictions.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "ok"
    check_answer(shape, tmp_path / "answers" / row["file"])


def check_answer(shape: Shape, path: Path) -> None:
    if shape.task == "restoration":
        pixels = np.load(path)
        assert pixels.squeeze().shape == (36, 28) and np.isfinite(pixels).all()
    elif shape.task == "base-pairing":
        _, letters, brackets = path.read_text().split()
        assert letters == "ACGGGCCAAAAGGCCCGA" and len(brackets) == len(letters)
        assert brackets.count("(") == brackets.count(")") >= 4
    elif shape.task == "detection":
        assert set(json.loads(path.read_text())) >= {"boxes", "labels", "scores"}
    else:
        assert sum(json.loads(path.read_text())["probabilities"]) == pytest.approx(1, abs=1e-6)


def test_predict_on_a_file_that_is_none_is_a_data_error(finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("id,x,y\np1,one,2\n")
    done = medai("predict", finished(SHAPES[5]), tmp_path / "notes.csv", "-o", tmp_path / "answers", scratch=tmp_path)
    assert done.code == 3
    assert "notes.csv" in done.err and "'one' is not a number" in done.err and "Traceback" not in done.err


@every
def test_predictions_are_exported(shape: Shape, finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    folder = finished(shape)
    medai("export", folder, "--to", "standard/predictions", "-o", tmp_path / "files", scratch=tmp_path).ok()
    with (folder / "cases.csv").open(newline="") as file:
        cases = {row["case"] for row in csv.DictReader(file) if row["predictor"] == "model"}
    with (tmp_path / "files" / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["case"] for row in rows} == cases
    assert all((tmp_path / "files" / row["file"]).stat().st_size for row in rows)


@learners
def test_the_model_is_exported(shape: Shape, finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    medai("export", finished(shape), "--to", "standard/safetensors", "-o", tmp_path / "files", scratch=tmp_path).ok()
    assert len(load_file(tmp_path / "files" / "model.safetensors")) >= 1
    assert json.loads((tmp_path / "files" / "model.json").read_text())["model"].startswith(f"{shape.plugin}/")


def test_a_model_that_learns_nothing_has_no_weights_to_export(finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    done = medai("export", finished(SHAPES[4]), "--to", "standard/safetensors", "-o", tmp_path / "files", scratch=tmp_path)
    assert done.code == 2 and "learns nothing" in done.err


def references(page: str) -> Iterator[str]:
    """Everything that a browser would load or follow."""
    yield from re.findall(r"""\b(?:src|href|srcset|poster|action|data)\s*=\s*["']([^"']+)""", page)
    yield from re.findall(r"""url\(\s*["']?([^"')]+)""", page)
    yield from re.findall(r"""@import\s+["']([^"']+)""", page)


@every
def test_the_report_is_one_self_contained_page(shape: Shape, finished: Callable[[Shape], Path]) -> None:
    page = (finished(shape) / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert shape.recipe in page
    assert [found for found in references(page) if not found.startswith(("data:", "#"))] == []
    assert re.search(r"data:image/(png|svg|jpeg|webp)|<svg", page), "no picture"


def test_a_finished_run_serves_as_an_earlier_stage(finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    stages = next(shape for shape in SHAPES if shape.plugin == "stages")
    detect = finished(stages) / "upstream" / "detect"
    run(stages, tmp_path, "--scale", "quick", "--upstream", f"detect={detect}").ok()
    assert figures(only_run(tmp_path)) == figures(finished(stages))
    assert not (only_run(tmp_path) / "upstream").exists()


def test_what_an_earlier_stage_was_trained_on_cannot_be_a_test_case(finished: Callable[[Shape], Path], tmp_path: Path) -> None:
    stages = next(shape for shape in SHAPES if shape.plugin == "stages")
    detect = finished(stages) / "upstream" / "detect"
    trained = next(case["group"] for case in split_cases(detect) if case["role"] == "train")
    more = ("--scale", "quick", "--upstream", f"detect={detect}", "--set", f'protocol.split.test=["{trained}"]')
    done = run(stages, tmp_path, *more)
    assert done.code == 3 and trained in done.err and "leak" in done.err


def split_cases(folder: Path) -> list[dict[str, str]]:
    roles = json.loads((folder / "split.json").read_text())["cases"]
    return [{"group": key.partition(":")[2], "role": role} for key, role in roles.items()]
