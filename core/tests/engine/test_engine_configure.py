from __future__ import annotations

from pathlib import Path

import pytest

from medai._engine.configure import Configuration, Request, chosen_data, configure, folder_of, restore, root_of, with_data, with_defaults
from medai.api import Recipe, Slot, use
from medai.errors import UsageError

ID = "enginetoys/denoise"


def of(*, scale: str | None = None, data: tuple[str, ...] = (), assignments: tuple[str, ...] = ()) -> Configuration:
    return configure(Request(ID, data=data, assignments=assignments, scale=scale))


def test_layers_lie_in_order_and_leave_their_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{ID}"\ntrain.steps = 7\ntrain.batch = 4\nmodel.width = 5\n', encoding="utf-8")
    found = configure(Request(str(path), assignments=("train.batch=1",)))
    train = found.recipe.train
    assert train is not None
    assert (train.steps, train.batch, found.recipe.model.params["width"]) == (7, 1, 5)
    assert train.optimizers["all"].params == {"lr": 0.01, "weight_decay": 0.5}
    assert found.origins["train.batch"] == "command line"
    assert found.origins["train.steps"] == "file mine.toml"
    assert found.origins["model.width"] == "file mine.toml"
    assert found.origins["train.optimizers.all.lr"] == "scale quick"
    assert "train.optimizers.all.weight_decay" not in found.origins
    assert ("train.batch", 2, 1) in found.departures and ("train.optimizers.all.lr", 1e-5, 0.01) in found.departures
    assert (found.id, found.scale, found.plugin) == (ID, "quick", "enginetoys")


def test_the_scale_follows_the_data(tmp_path: Path) -> None:
    assert of().scale == "quick"
    mine = of(data=(f"pairs={tmp_path}",))
    assert mine.scale == "paper" and mine.departures == ()
    assert of(data=(str(tmp_path),), scale="small").scale == "small"
    assert of(scale="paper").recipe.train.steps is None  # type: ignore[union-attr]
    with pytest.raises(UsageError, match=r"has no scale 'smal': did you mean small\?"):
        of(scale="smal")


@pytest.mark.parametrize("extends", [True, False])
def test_a_file_may_name_its_scale(tmp_path: Path, extends: bool) -> None:
    path = tmp_path / "mine.toml"
    own = 'task = "medai/restoration"\nmodel = "enginetoys/same"\ndata.a.folder = "enginetoys/points"\n'
    path.write_text('scale = "small"\n' + (f'extends = "{ID}"\n' if extends else own + "scales.small = {}\n"), encoding="utf-8")
    assert configure(Request(str(path))).scale == "small"
    if extends:
        assert configure(Request(str(path), scale="quick")).scale == "quick"


def test_a_folder_goes_to_the_innermost_source(tmp_path: Path) -> None:
    found = of(data=(f"pairs={tmp_path}",))
    folder, embedded = chosen_data(found.recipe)["pairs"]
    assert not embedded and root_of(folder) == str(tmp_path)
    assert folder.id == "enginetoys/doubled" and folder.params["source"] == use("enginetoys/points", count=10, root=str(tmp_path))
    assert found.origins["data.pairs.folder.source.root"] == "command line"


def test_a_folder_with_another_dataset(tmp_path: Path) -> None:
    found = of(data=(f"pairs=enginetoys/points:{tmp_path}",))
    assert chosen_data(found.recipe)["pairs"][0] == use("enginetoys/points", root=str(tmp_path))
    with pytest.raises(UsageError, match=r"no data slot 'pears': did you mean pairs\?"):
        of(data=(f"pears={tmp_path}",))
    with pytest.raises(UsageError, match="unknown dataset"):
        of(data=(f"pairs=enginetoys/pionts:{tmp_path}",))


def test_another_dataset_is_told_what_the_recipe_says_of_its_own(tmp_path: Path) -> None:
    own = Slot(folder=use("enginetoys/points", count=10, groups=5, unlabelled=("c1",)))
    assert folder_of(own, f"enginetoys/counted:{tmp_path}") == use("enginetoys/counted", count=10, root=str(tmp_path))
    assert folder_of(own, str(tmp_path)) == use("enginetoys/points", count=10, groups=5, unlabelled=("c1",), root=str(tmp_path))


def test_what_is_set_of_a_folder_is_refused_where_embedded_data_are_read(tmp_path: Path) -> None:
    setting = ("data.pairs.folder.source.count=3",)
    with pytest.raises(UsageError, match=r"--set data\.pairs\.folder\.source\.count: the slot 'pairs' .* --data pairs=PATH is missing"):
        of(assignments=setting)
    assert of(assignments=setting, data=(f"pairs={tmp_path}",)).recipe.data["pairs"].folder.params["source"].params["count"] == 3
    assert (
        configure(Request(ID, assignments=setting, stub=True), tmp_path / "stub")
        .recipe.data["pairs"]
        .folder.params["source"]
        .params["count"]
        == 3
    )
    assert of(assignments=(f"data.pairs.folder.source.root={tmp_path}",)).recipe.data


def test_embedded_data_are_not_mixed_with_a_users() -> None:
    slots = {name: Slot(folder=use("enginetoys/points"), embedded=use("enginetoys/points")) for name in ("a", "b")}
    recipe = Recipe(name="two", task="t", model=use("m"), data=slots)
    assert all(embedded for _, embedded in chosen_data(recipe).values())
    slots["a"] = Slot(folder=use("enginetoys/points", root="/x"))
    with pytest.raises(UsageError, match=r"slot 'b' of two needs a folder: --data b=PATH \(embedded data are not mixed"):
        chosen_data(recipe)
    with pytest.raises(UsageError, match="it has no embedded data"):
        chosen_data(Recipe(name="one", task="t", model=use("m"), data={"a": Slot(folder=use("enginetoys/points"))}))


def test_stub_data_fill_every_slot(tmp_path: Path) -> None:
    found = configure(Request(ID, stub=True), stub_root=tmp_path / "stub")
    folder, embedded = chosen_data(found.recipe)["pairs"]
    assert not embedded and root_of(folder) == str(tmp_path / "stub" / "pairs")
    assert (tmp_path / "stub" / "pairs" / "stub.txt").read_text(encoding="utf-8") == "8 0"
    assert found.recipe.train is not None and (found.recipe.train.steps, found.recipe.train.validate_every) == (4, 2)
    assert found.origins["train.steps"] == "stub data"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train.stesp=3", r"unknown key 'train\.stesp': did you mean steps\?"),
        ("trian.steps=3", r"unknown key 'trian': did you mean train\?"),
        ("train.steps=many", r"train\.steps = 'many'"),
        ("train.views.1.times=3", "not a place in an array of 1"),
    ],
)
def test_a_wrong_assignment_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        of(assignments=(text,))


def test_a_record_gives_the_configuration_back() -> None:
    import json

    found = of(assignments=("train.batch=1", "train.views.0.times=3"))
    record = {
        "recipe": found.id,
        "configuration": found.document,
        "scale": found.scale,
        "origins": found.origins,
        "departures": [{"path": path, "recipe": own, "run": ours} for path, own, ours in found.departures],
    }
    back = restore(json.loads(json.dumps(record)))
    assert back.recipe == restore(record).recipe
    assert back.recipe.train == found.recipe.train and back.departures == found.departures


def test_other_data_for_a_finished_run(tmp_path: Path) -> None:
    moved = with_data(of(), (f"pairs={tmp_path}",))
    assert root_of(chosen_data(moved.recipe)["pairs"][0]) == str(tmp_path)
    assert moved.recipe.train == of().recipe.train


def test_defaults_are_written_out() -> None:
    filled = with_defaults(of().document)
    assert filled["model"] == {"use": "enginetoys/plain", "width": 4, "dropout": 0.0}
    assert filled["data"]["pairs"]["folder"]["source"]["groups"] == 6
    assert filled["train"]["views"] == [{"use": "enginetoys/doubled", "times": 2, "label": "x"}], "it is a model's id as well"
    assert filled["loss"]["window"] == [0, 1]
    assert filled["train"]["optimizers"]["all"] == {"use": "Adam", "lr": 0.01, "weight_decay": 0.5}


def test_a_folder_goes_to_the_dataset_that_the_users_file_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{ID}"\ndata.pairs.folder = {{use = "enginetoys/points", groups = 3}}\n', encoding="utf-8")
    found = configure(Request(str(path), data=(f"pairs={tmp_path}",)))
    assert chosen_data(found.recipe)["pairs"][0] == use("enginetoys/points", groups=3, root=str(tmp_path))
    assert found.scale == "paper"


def test_what_a_users_file_leaves_out_stands_in_the_document(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'task = "medai/restoration"\nmodel = "enginetoys/same"\ndata.a = {folder = "enginetoys/points", embedded = "enginetoys/points"}\n',
        encoding="utf-8",
    )
    document = configure(Request(str(path))).document
    assert document["model"] == {"use": "enginetoys/same"} and document["protocol"]["options"] == {}
