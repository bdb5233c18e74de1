"""What goes from the interface: it works, warns, warns, fails, is gone; each kind in each version, with a table of the test's own."""

from __future__ import annotations

import importlib.metadata
import sys
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest

import medai.io
from medai import _deprecated
from medai._cli import main
from medai._deprecated import TABLE, VERSION, Deprecation, minor_of, old_parameters
from medai._discovery import configure, registry
from medai._discovery.hooks import Hooks
from medai._discovery.validate import ContractError
from medai._engine.document import from_document
from medai.api import ModelSpec, Train, hookimpl
from medai.errors import MedaiDeprecationWarning, MedaiError, PluginError, UsageError

_TIMES = {"warns": "0.2", "fails": "0.4", "gone": "0.5"}
SAMPLE = (
    Deprecation(kind="name", owner="medai.io", name="load_image", instead="read_image", **_TIMES),
    Deprecation(kind="parameter", owner="medai.api.Train", name="max_steps", instead="steps", **_TIMES),
    Deprecation(kind="parameter", owner="toy.scale", name="factor", instead="by", **_TIMES),
    Deprecation(kind="parameter", owner="toy.scale", name="quickly", advice="leave it out", **_TIMES),
    Deprecation(kind="parameter", owner="toy.Size", name="tall", instead="height", **_TIMES),
    Deprecation(kind="hook", name="medai_networks", instead="medai_models", **_TIMES),
    Deprecation(kind="option", owner="medai list", name="--only-task", instead="--task", **_TIMES),
)
WARNING_VERSIONS = ("0.2.0", "0.3.7")


@pytest.fixture(autouse=True)
def _sample(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_deprecated, "TABLE", SAMPLE)
    monkeypatch.setattr(_deprecated, "_SHOWN", {})
    yield
    configure()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    return lambda version: monkeypatch.setattr(_deprecated, "VERSION", version)


@dataclass(frozen=True)
class Size:
    height: int = 1


OldSize = old_parameters("toy.Size")(Size)


@old_parameters("toy.scale")
def scale(value: float, by: float = 2) -> float:
    return value * by


# The table itself.


def test_what_goes_has_its_time() -> None:
    assert {item.what: fault for item in TABLE if (fault := timely(item, VERSION))} == {}


def timely(item: Deprecation, version: str) -> str:
    """What is wrong with an entry of the table."""
    warns, fails, gone = map(minor_of, (item.warns, item.fails, item.gone))
    if not warns < fails < gone:
        return "it warns, fails and is gone in this order"
    if warns[0] == fails[0] and fails[1] - warns[1] < 2:
        return "it warns for two minor versions at least"
    if warns > minor_of(version):
        return "a version that warns is no later than the present one"
    if item.stage(version) == "gone":
        return "it is gone: take out the entry, and what served it"
    return "" if item.instead or item.advice else "it says what to use"


@pytest.mark.parametrize(
    ("change", "version"),
    [
        ({"fails": "0.3"}, "0.2"),
        ({"gone": "0.4"}, "0.2"),
        ({}, "0.1"),
        ({}, "0.5"),
        ({"instead": ""}, "0.2"),
    ],
)
def test_an_entry_without_its_time_is_seen(change: dict[str, str], version: str) -> None:
    assert timely(replace(SAMPLE[0], **change), version)
    assert not timely(SAMPLE[0], "0.2")


def test_versions_are_told_by_their_minor() -> None:
    stages = [SAMPLE[0].stage(version) for version in ("0.1.9", "0.2", "0.3.5", "0.4.0", "0.4.9", "0.5", "1.0.0")]
    assert stages == ["public", "warns", "warns", "fails", "fails", "gone", "gone"]


# A name of a public module.


@pytest.mark.parametrize("version", WARNING_VERSIONS)
def test_a_name_warns(at, version: str) -> None:
    at(version)
    with pytest.warns(MedaiDeprecationWarning) as seen:
        from medai.io import load_image
    assert load_image is medai.io.read_image
    (message,) = {str(item.message) for item in seen}
    assert message == "medai.io.load_image is deprecated since medai 0.2 and goes in medai 0.4: use read_image"
    assert {item.filename for item in seen} == {__file__}


def test_a_name_fails_and_is_gone(at) -> None:
    at("0.4.0")
    with pytest.raises(PluginError, match=r"^medai.io.load_image does not work since medai 0.4: use read_image$"):
        from medai.io import load_image
    at("0.5.0")
    with pytest.raises(ImportError, match="cannot import name 'load_image'"):
        from medai.io import load_image  # noqa: F401
    assert not hasattr(medai.io, "load_image")


@pytest.mark.parametrize("module", ["medai.api", "medai.io", "medai.inference", "medai.tasks", "medai.weights"])
def test_each_public_module_finds_what_goes(at, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    held = importlib.import_module(module)
    entry = Deprecation(kind="name", owner=module, name="bygone", target=f"{module}:{held.__all__[0]}", advice="write your own", **_TIMES)
    monkeypatch.setattr(_deprecated, "TABLE", (entry,))
    at("0.2.0")
    with pytest.warns(MedaiDeprecationWarning, match="write your own"):
        assert held.bygone is getattr(held, held.__all__[0])


def test_a_name_is_warned_of_once_for_each_place(at) -> None:
    at("0.2.0")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            _ = medai.io.load_image
        _ = medai.io.load_image
    assert len(seen) == 2


def test_it_is_an_error_where_a_filter_says_so(at) -> None:
    at("0.2.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MedaiDeprecationWarning, match="use read_image"):
            _ = medai.io.load_image


# A parameter, and a field.


@pytest.mark.parametrize("version", WARNING_VERSIONS)
def test_a_parameter_warns(at, version: str) -> None:
    at(version)
    with pytest.warns(MedaiDeprecationWarning, match=r"^factor of toy.scale is deprecated since medai 0.2 and goes in medai 0.4: use by$"):
        assert scale(2, factor=5) == 10
    with pytest.warns(MedaiDeprecationWarning, match="leave it out"):
        assert scale(2, quickly=True) == 4


def test_a_parameter_fails_and_is_gone(at) -> None:
    at("0.4.0")
    with pytest.raises(PluginError, match=r"^factor of toy.scale does not work since medai 0.4: use by$"):
        scale(2, factor=5)
    at("0.5.0")
    with pytest.raises(TypeError, match="unexpected keyword argument 'factor'"):
        scale(2, factor=5)


def test_a_field_is_given_and_read_by_its_old_name(at) -> None:
    at("0.3.0")
    with pytest.warns(MedaiDeprecationWarning, match="use height"):
        size = OldSize(tall=3)
    with pytest.warns(MedaiDeprecationWarning, match="use height"):
        assert (size.height, size.tall) == (3, 3)
    with pytest.warns(MedaiDeprecationWarning):
        assert replace(size, tall=4) == Size(height=4)
    at("0.5.0")
    assert not hasattr(size, "tall")


def test_a_field_in_a_recipes_file(at) -> None:
    at("0.2.0")
    with pytest.warns(MedaiDeprecationWarning, match=r"^train: max_steps of medai.api.Train is deprecated"):
        assert from_document(Train, {"batch": 2, "max_steps": 9, "steps": None}, "train") == Train(batch=2, steps=9)
    at("0.4.0")
    with pytest.raises(UsageError, match=r"^train: max_steps of medai.api.Train does not work since medai 0.4: use steps$"):
        from_document(Train, {"max_steps": 9}, "train")
    at("0.5.0")
    with pytest.raises(UsageError, match=r"unknown key 'train\.max_steps'"):
        from_document(Train, {"max_steps": 9}, "train")


# A hook.

_SPEC = ModelSpec(name="net", target="toys:Net", summary="a net", task="restoration")


def plugin_with(*hooks: str) -> ModuleType:
    module = ModuleType("medai_toy")
    for name in hooks:
        function = lambda: [_SPEC]  # noqa: E731
        function.__name__ = name
        setattr(module, name, hookimpl(function))
    return module


@pytest.mark.parametrize("version", WARNING_VERSIONS)
def test_a_hook_warns(at, version: str) -> None:
    at(version)
    wanted = r"^medai_toy: the hook medai_networks is deprecated since medai 0.2 and goes in medai 0.4: use medai_models$"
    with pytest.warns(MedaiDeprecationWarning, match=wanted):
        assert Hooks().offers(plugin_with("medai_networks"), "toy") == {"model": (_SPEC,)}


@pytest.mark.parametrize("version", ["0.2.0", "0.4.0"])
def test_a_plugin_for_both_versions_has_both_hooks(at, version: str) -> None:
    at(version)
    assert Hooks().offers(plugin_with("medai_networks", "medai_models"), "toy") == {"model": (_SPEC,)}


def test_a_hook_fails_and_is_gone(at) -> None:
    at("0.4.0")
    with pytest.raises(PluginError, match=r"the hook medai_networks does not work since medai 0.4: use medai_models$"):
        Hooks().offers(plugin_with("medai_networks"), "toy")
    at("0.5.0")
    with pytest.raises(ContractError, match="unknown hook medai_networks"):
        Hooks().offers(plugin_with("medai_networks"), "toy")


# An option, and what a person sees.


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--no-plugins", *arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("version", WARNING_VERSIONS)
@pytest.mark.parametrize("given", [("--only-task", "detection"), ("--only-task=detection",)])
def test_an_option_warns_in_one_line(at, version: str, given: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    at(version)
    with warnings.catch_warnings():
        assert command("list", "metrics", *given) == 0
    shown = capsys.readouterr()
    assert "average-precision" in shown.out and "psnr" not in shown.out
    assert shown.err == "warning: medai list: --only-task of medai list is deprecated since medai 0.2 and goes in medai 0.4: use --task\n"


def test_where_warnings_are_errors_a_command_does_not_go_on(at) -> None:
    at("0.2.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MedaiDeprecationWarning, match="use --task"):
            main(["--no-plugins", "list", "--only-task", "detection"])


def test_a_command_leaves_warnings_as_they_were(at, capsys: pytest.CaptureFixture[str]) -> None:
    at("0.2.0")
    before = (list(warnings.filters), warnings.showwarning)
    assert command("list", "--only-task", "detection") == 0
    assert (list(warnings.filters), warnings.showwarning) == before


def test_an_option_fails_and_is_gone(at, capsys: pytest.CaptureFixture[str]) -> None:
    at("0.4.0")
    assert command("list", "--only-task", "detection") == 2
    assert "does not work since medai 0.4: use --task" in capsys.readouterr().err
    at("0.5.0")
    assert command("list", "--only-task", "detection") == 2
    assert "No such option" in capsys.readouterr().err


def test_what_is_no_option_stays(at) -> None:
    at("0.2.0")
    assert _deprecated.today_options("medai list", ["--", "--only-task"]) == ["--", "--only-task"]
    assert _deprecated.today_options("medai show", ["--only-task"]) == ["--only-task"]


# Before its time, nothing is said.


def test_in_the_version_before_all_is_as_it_was(at) -> None:
    at("0.1.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert medai.io.load_image is medai.io.read_image
        assert _deprecated.today("toy.scale", {"factor": 5}) == {"factor": 5}
        assert _deprecated.today_options("medai list", ["--only-task"]) == ["--only-task"]


# An id that a plugin renamed.

_RENAMED = """
    from medai.api import ModelSpec, hookimpl

    @hookimpl
    def medai_models():
        return [ModelSpec(name="net", target="toys:Net", summary="a net", former_names={FORMER})]
"""


@pytest.fixture
def renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A distribution medai-toys with a model that had other names."""

    def install(version: str, former: dict[str, str]) -> None:
        info = tmp_path / f"medai_toys-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: medai-toys\nVersion: {version}\nRequires-Dist: medai>=0.1\n")
        (info / "entry_points.txt").write_text("[medai.v1]\ntoys = medai_toys_renamed\n")
        (tmp_path / "medai_toys_renamed.py").write_text(textwrap.dedent(_RENAMED).replace("{FORMER}", repr(former)))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("MEDAI_PLUGINS", "toys")
        monkeypatch.delitem(sys.modules, "medai_toys_renamed", raising=False)
        importlib.invalidate_caches()
        configure()

    return install


@pytest.mark.parametrize("name", ["toys/network", "network"])
def test_an_id_warns(renamed, name: str) -> None:
    renamed("1.2.0", {"network": "1.4"})
    with pytest.warns(MedaiDeprecationWarning, match=r"^model toys/network is called toys/net now; the old name goes in medai-toys 1.4$"):
        assert registry().find("model", name).id == "toys/net"
    with warnings.catch_warnings():
        warnings.simplefilter("error", MedaiDeprecationWarning)
        assert registry().find("model", "toys/net").id == "toys/net"


def test_an_id_fails_and_is_gone(renamed) -> None:
    renamed("1.4.0", {"network": "1.4"})
    with pytest.raises(UsageError, match=r"^model toys/network is called toys/net now$"):
        registry().find("model", "toys/network")
    with pytest.raises(UsageError, match="is called toys/net now"):
        registry().find_all("toys/network")
    with pytest.raises(UsageError, match="unknown loss 'toys/network'"):
        registry().find("loss", "toys/network")


@pytest.mark.parametrize("former", [{"net": "1.4"}, {"network": "soon"}, {"Net Work": "1.4"}, {"network": 2}])
def test_former_names_that_are_none(renamed, monkeypatch: pytest.MonkeyPatch, former: dict[str, object]) -> None:
    monkeypatch.setenv("MEDAI_STRICT_PLUGINS", "0")
    renamed("1.2.0", former)  # type: ignore[arg-type]
    record = next(item for item in registry().plugins if item.name == "toys")
    assert record.status == "failed"
    assert "twice" in record.reason or "former_names does not map names to versions" in record.reason


def test_errors_and_warnings_of_it_are_medais() -> None:
    assert issubclass(MedaiDeprecationWarning, DeprecationWarning)
    assert not issubclass(MedaiDeprecationWarning, MedaiError)
