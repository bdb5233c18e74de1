from __future__ import annotations

from typing import Any

import enginetoys
import pytest

from medai._engine.construct import check, construct, parameters
from medai.api import Use, build, run_of, use
from medai.errors import PluginError, UsageError
from medai.tasks import Dataset


def demanding(**given: Any) -> Any:
    return construct("enginetoys/demanding", {"weight": 1.0, **given}, kind="loss", runs={"first": "the run"})


def test_values_of_toml_become_the_declared_types() -> None:
    built = demanding(weight=2, window=[3, 4], kind="sum", settings={"rate": 2}, flag=True)
    assert built.weight == 2.0 and isinstance(built.weight, float)
    assert built.window == (3, 4)
    assert built.settings == enginetoys.Settings(2.0)
    assert built.flag is True


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weight": "1.0"}, r"enginetoys/demanding: weight = '1\.0'"),
        ({"window": [1, 2, 3]}, "window"),
        ({"window": [1.5, 2]}, "window"),
        ({"kind": 3}, r"kind = 3.*wanted str"),
        ({"flag": 1}, r"flag = 1"),
        ({"settings": {"rate": "fast"}}, "settings"),
        ({"wieght": 1.0}, r"no parameter 'wieght': did you mean weight\?"),
        ({"inner": run_of("second")}, "refers to the run 'second'"),
        ({"inner": use("enginetoys/demanding")}, "enginetoys/demanding needs weight"),
    ],
)
def test_a_wrong_parameter_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        demanding(**given)


def test_none_unsets_what_may_be_unset() -> None:
    assert construct("enginetoys/counted", {"bad": "none"}, kind="dataset").bad == ()
    assert demanding(kind="none").kind == "none"
    with pytest.raises(UsageError, match=r"bad = 'None': .* \(wanted tuple\[str, \.\.\.\], or none\)"):
        construct("enginetoys/counted", {"bad": "None"}, kind="dataset")
    with pytest.raises(UsageError, match=r"weight = 'none'"):
        demanding(weight="none")


def test_what_is_required_is_named() -> None:
    with pytest.raises(UsageError, match="enginetoys/demanding needs weight"):
        construct("enginetoys/demanding", {}, kind="loss")


def test_a_function_that_is_a_loss_itself_is_told_what_a_target_is() -> None:
    told = "its target is a function, which is called with the parameters and must return the loss"
    with pytest.raises(UsageError, match=f"enginetoys/itself needs output and target: {told}"):
        construct("enginetoys/itself", {}, kind="loss")
    with pytest.raises(PluginError, match=f"loss enginetoys/lax is a float: {told}"):
        construct("enginetoys/lax", {}, kind="loss")


def test_nested_components_and_runs() -> None:
    net = use("enginetoys/plain", width=2)
    built = demanding(inner=net, parts=[net, 3, run_of("first")], many={"a": net})
    assert isinstance(built.inner, enginetoys.Plain)
    assert isinstance(built.parts[0], enginetoys.Plain) and built.parts[1:] == (3, "the run")
    assert isinstance(built.many["a"], enginetoys.Plain)
    assert demanding(inner=run_of("first")).inner == "the run"


def test_a_view_takes_a_source_of_the_recipe_or_of_the_engine() -> None:
    view = construct("enginetoys/doubled", {"source": Use("enginetoys/points", {"count": 3})}, kind="dataset")
    assert len(view.cases()) == 3
    points = enginetoys.Points(count=2)
    assert construct("enginetoys/doubled", {"times": 4}, kind="dataset", source=points).source is points
    with pytest.raises(UsageError, match="needs source"):
        construct("enginetoys/doubled", {}, kind="dataset")
    with pytest.raises(UsageError, match="a component is wanted"):
        construct("enginetoys/doubled", {"source": "folder"}, kind="dataset")


def test_a_constructor_that_fails_is_the_plugins_fault() -> None:
    with pytest.raises(PluginError, match=r"model enginetoys/plain could not be built: RuntimeError"):
        construct("enginetoys/plain", {"width": -1}, kind="model")


def test_build_by_short_name_and_unknown_names() -> None:
    assert isinstance(build("plain", width=1), enginetoys.Plain)
    with pytest.raises(UsageError, match="enginetoys/plain"):
        build("enginetoys/plian")


def test_parameters_for_people() -> None:
    found = {item.name: item for item in parameters(enginetoys.Points)}
    assert (found["count"].type, found["count"].default, found["count"].required) == ("int", "12", False)
    assert {item.name: item.required for item in parameters(enginetoys.Demanding)}["weight"] is True


def test_what_stands_for_components_in_a_list_is_left_to_the_constructor() -> None:
    class Summed:
        def __init__(self, parts: tuple[Dataset[Any, Any], ...]) -> None:
            self.parts = parts

    assert check("x", Summed, {"parts": ["enginetoys/points"]}) == {"parts": ["enginetoys/points"]}
