from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from medai._engine.document import canonical, flatten, from_document, overlay, parse_assignment, read_toml, to_document
from medai.api import Protocol, Recipe, RunRef, Slot, Split, Train, Use, run_of, use
from medai.errors import UsageError

RICH = """
name = "rich"
task = "medai/restoration"
implements = ["row-1", "row-2"]
model = {use = "a/net", channels = 32, inner = {use = "a/part", depth = 2}, first = {run = "detect"}}
loss = "a/loss"
views = [{use = "a/crop", size = [64, 64]}]
baselines = ["a/same", {use = "a/nlm", h = 0.5}]
upstream = {detect = "a/detector"}

[data.ct]
folder = {use = "a/view", source = {use = "a/dicom"}}
embedded = "a/phantom"
roles = ["train", "test"]

[train]
batch = 4
steps = 100
optimizers = {all = {use = "Adam", lr = 1, betas = [0.5, 0.9]}}
precision = "auto"

[protocol]
split = {valid = ["p1", "p2"], test = 0.5}
metrics = [{use = "a/psnr", window = [-160, 240]}]
options = {window = [-160, 240], roi = {use = "a/roi"}}

[scales.quick.train]
steps = 10
"""


def rich() -> dict[str, Any]:
    return tomllib.loads(RICH)


def test_a_rich_recipe_from_toml() -> None:
    recipe = from_document(Recipe, rich())
    inner = Use("a/part", {"depth": 2})
    assert recipe.model == Use("a/net", {"channels": 32, "inner": inner, "first": RunRef("detect")})
    assert recipe.loss == Use("a/loss")
    assert recipe.implements == ("row-1", "row-2")
    assert recipe.data == {"ct": Slot(folder=use("a/view", source=use("a/dicom")), embedded=use("a/phantom"), roles=("train", "test"))}
    assert recipe.train == Train(batch=4, steps=100, optimizers={"all": use("Adam", lr=1, betas=[0.5, 0.9])}, precision="auto")
    assert recipe.protocol == Protocol(
        split=Split(valid=("p1", "p2"), test=0.5),
        metrics=(use("a/psnr", window=[-160, 240]),),
        options={"window": [-160, 240], "roi": use("a/roi")},
    )
    assert recipe.views == (use("a/crop", size=[64, 64]),)
    assert recipe.baselines == (use("a/same"), use("a/nlm", h=0.5))
    assert recipe.upstream == {"detect": "a/detector"}


def test_there_and_back() -> None:
    recipe = from_document(Recipe, rich())
    assert from_document(Recipe, to_document(recipe)) == recipe
    assert to_document(use("a/b", run=run_of("x"), where=Path("y"))) == {"use": "a/b", "run": {"run": "x"}, "where": "y"}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("train.bach", 3, r"unknown key 'train\.bach': did you mean batch\?"),
        ("modle", "a/net", r"unknown key 'modle': did you mean model\?"),
        ("data.ct.folders", "a/b", r"unknown key 'data\.ct\.folders': did you mean folder"),
        ("train.batch", "four", r"train\.batch = 'four'.*wanted int"),
        ("train.batch", 1.5, r"train\.batch = 1\.5"),
        ("train.batch", True, r"train\.batch = True"),
        ("train.precision", "fp8", r"train\.precision = 'fp8'.*float32"),
        ("data.ct.roles", ["train", "tset"], r"data\.ct\.roles"),
        ("train", 3, r"train = 3: a table is wanted"),
        ("views", {"use": "a/b"}, r"views = .*an array of tables is wanted"),
        ("loss", 3, r"loss = 3: a component"),
        ("model", {"channels": 3}, r"model: a component names itself with use"),
        ("name", 3, r"name = 3"),
        ("upstream.detect", 3, r"upstream\.detect = 3"),
    ],
)
def test_a_wrong_document_says_where(path: str, value: object, said: str) -> None:
    document = rich()
    *parents, last = path.split(".")
    target = document
    for key in parents:
        target = target[key]
    target[last] = value
    with pytest.raises(UsageError, match=said):
        from_document(Recipe, document)


def test_what_is_missing_is_named() -> None:
    document = rich()
    del document["model"]
    with pytest.raises(UsageError, match="model is missing"):
        from_document(Recipe, document)


def test_overlay_merges_tables_and_replaces_the_rest() -> None:
    base = rich()
    laid = overlay(base, {"train.steps": 7, "train": {"batch": 2}, "protocol.split": {"test": 0.1}, "implements": ["x"]})
    assert (laid["train"]["steps"], laid["train"]["batch"], laid["train"]["precision"]) == (7, 2, "auto")
    assert laid["protocol"]["split"] == {"valid": ["p1", "p2"], "test": 0.1}
    assert laid["implements"] == ["x"]
    assert base == rich()


def test_a_component_of_another_id_brings_its_own_parameters_alone() -> None:
    laid = overlay(rich(), {"train.optimizers.all": {"use": "SGD", "momentum": 0.9}})
    assert laid["train"]["optimizers"]["all"] == {"use": "SGD", "momentum": 0.9}
    laid = overlay(rich(), {"train.optimizers": {"all": {"use": "Adam", "lr": 3}}})
    assert laid["train"]["optimizers"]["all"] == {"use": "Adam", "lr": 3, "betas": [0.5, 0.9]}
    laid = overlay(rich(), {"model": Use("a/other", {"x": Use("a/y")})})
    assert laid["model"] == {"use": "a/other", "x": {"use": "a/y"}}


def test_arrays_by_place() -> None:
    laid = overlay(rich(), {"baselines.1.h": 0.7, "views.0": {"size": [32, 32]}, "protocol.metrics.0.window": [0, 1]})
    assert laid["baselines"] == ["a/same", {"use": "a/nlm", "h": 0.7}]
    assert laid["views"] == [{"use": "a/crop", "size": [32, 32]}]
    assert laid["protocol"]["metrics"][0]["window"] == [0, 1]
    with pytest.raises(UsageError, match="'2' is not a place in an array of 2"):
        overlay(rich(), {"baselines.2.h": 1})
    with pytest.raises(UsageError, match="nothing below 'more'"):
        overlay(rich(), {"train.steps.more": 1})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("train.steps=500", ("train.steps", 500)),
        ("a=1e-4", ("a", 1e-4)),
        ("a = true", ("a", True)),
        ("a=[1, 2]", ("a", [1, 2])),
        ("loss=medai/mse", ("loss", "medai/mse")),
        ("a.b={use = 'x/y', n = 1}", ("a.b", {"use": "x/y", "n": 1})),
        ("a=__import__('os')", ("a", "__import__('os')")),
        ("a=b=c", ("a", "b=c")),
    ],
)
def test_assignments_are_typed_and_never_evaluated(text: str, wanted: tuple[str, object]) -> None:
    assert parse_assignment(text) == wanted


@pytest.mark.parametrize("text", ["train.steps", "=3"])
def test_an_assignment_without_path_or_value(text: str) -> None:
    with pytest.raises(UsageError, match="wanted path=value"):
        parse_assignment(text)


def test_flatten_names_every_leaf() -> None:
    assert dict(flatten({"a": {"b": 1, "c": {}}, "d": [{"e": 2}], "f": [1, 2], "g": []})) == {
        "a.b": 1,
        "a.c": {},
        "d.0.e": 2,
        "f": [1, 2],
        "g": [],
    }


def test_a_toml_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("a = = 3", encoding="utf-8")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    for name, said in (("a.toml", "not a TOML file"), ("b.toml", "not a TOML file"), ("c.toml", "No such file")):
        with pytest.raises(UsageError, match=rf"{name}: {said}"):
            read_toml(tmp_path / name)


def test_the_canonical_form_leaves_out_what_is_at_its_default() -> None:
    protocol = Protocol(split=Split(test=0.3, seed=0), metrics=(use("medai/psnr", window=(0.0, 1.0)),))
    assert canonical(protocol) == {"split": {"test": 0.3}, "metrics": [{"use": "medai/psnr", "window": [0.0, 1.0]}]}
    assert canonical(Protocol()) == {}

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Later(Split):
        folds: int = 1

    # A field that a later version adds leaves the hash of what is there already as it is.
    assert canonical(Later(test=0.3)) == canonical(Split(test=0.3)) != canonical(Later(test=0.3, folds=2))
