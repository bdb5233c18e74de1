"""The public interface only grows: whatever is recorded of a version of medai is still there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from medai import __version__, _deprecated
from medai._deprecated import Deprecation
from medai._discovery import configure
from medai.errors import DataError, UsageError
from medai_sdk.cli import plugin
from medai_sdk.surface import difference, present, record_of, recorded_versions
from medai_sdk.surface.records import RECORDS, minor

Surface = dict[str, Any]


# Together in one process, so that the interface is read once.
pytestmark = pytest.mark.xdist_group("surface")


@pytest.fixture(scope="module")
def now() -> Surface:
    return present()


@pytest.fixture
def recorded() -> Surface:
    return record_of(__version__)


def test_the_version_at_work_is_recorded_and_is_the_last() -> None:
    assert recorded_versions()[-1] == minor(__version__)


@pytest.mark.parametrize("version", recorded_versions())
def test_nothing_recorded_is_lost(now: Surface, version: str) -> None:
    found = difference(record_of(version), now, released=version != minor(__version__))
    assert not found.breaks, f"the public interface of {version} may only grow:\n" + "\n".join(found.breaks)


def test_everything_public_is_recorded(now: Surface, recorded: Surface) -> None:
    new = difference(recorded, now).added
    assert not new, "not recorded; run `make surface`:\n" + "\n".join(new)
    assert recorded["checks"] == now["checks"], "not recorded; run `make surface`"


def test_the_record_holds_each_part(recorded: Surface) -> None:
    assert recorded["medai.api"]["ModelSpec"]["fields"]["devices"] == "= ('cpu', 'cuda', 'mps')"
    assert recorded["medai.api"]["ModelSpec"]["fields"]["target"] == "required"
    assert recorded["medai.tasks"]["Dataset"]["methods"]["read"] == {
        "implementation": "required",
        "parameters": {"case": "required", "rng": "required"},
    }
    assert "affine" in recorded["medai.tasks"]["Image"]["attributes"]
    assert set(recorded["medai.hookspecs"]) >= {f"medai_{kind}" for kind in ("datasets", "models", "losses", "metrics", "exporters")}
    assert recorded["exit codes"]["DataError"] == 3 and "MedaiDeprecationWarning" not in recorded["exit codes"]
    assert recorded["commands"]["medai run"]["--data"] == "option, repeatable"
    assert recorded["commands"]["medai plugin check"]["--only"] == "option, repeatable"
    assert "report.html" in recorded["run folder"]


def test_the_record_holds_what_programs_read(recorded: Surface) -> None:
    files, printed = recorded["files"], recorded["printed"]
    assert files["run.json"]["upstream"]["*"].keys() == {"recipe", "folder", "protocol_hash"}
    assert files["run.json"]["software"]["plugins"] == {"*": "value"}
    assert files["summary.json"]["quarantined"]["*"].keys() == {"case", "reason"}
    assert list(files["split.json"]) and files["metrics.jsonl"]["train"].keys() == {"kind", "step", "epoch"}
    assert files["cases.csv"].keys() >= {"predictor", "case", "group", "status", "prediction"}
    assert printed["medai run --json"] == files["summary.json"]
    assert "parameters" in printed["medai show --json"]["*"] and "reported" in printed["medai show --json"]["*"]
    assert {"plugins", "cuda", "decoders"} <= printed["medai doctor --json"].keys()
    assert "outcomes" in printed["medai plugin check --json"]


def test_the_record_holds_the_kit(recorded: Surface) -> None:
    assert "check_plugin" in recorded["medai_sdk"]
    assert recorded["checks"]["plugin.can-be-loaded"] == "must" and "advice" in recorded["checks"].values()
    assert set(recorded["entry points"]) == {"medai.v1", "medai.commands.v1"}
    assert {"MEDAI_PLUGINS", "MEDAI_STRICT_PLUGINS"} <= set(recorded["environment"])
    assert recorded["pytest"].items() >= {"--medai-plugin": "option", "medai_plugin": "setting", "medai_report": "fixture"}.items()


def _without_name(surface: Surface) -> None:
    del surface["medai.api"]["use"]


def _other_default(surface: Surface) -> None:
    surface["medai.api"]["Train"]["fields"]["batch"] = "= 16"


def _required_field(surface: Surface) -> None:
    surface["medai.api"]["ModelSpec"]["fields"]["owner"] = "required"


def _required_method(surface: Surface) -> None:
    surface["medai.tasks"]["Predictor"]["methods"]["warm_up"] = {"parameters": {}, "implementation": "required"}


def _without_option(surface: Surface) -> None:
    del surface["commands"]["medai run"]["--device"]


def _other_exit_code(surface: Surface) -> None:
    surface["exit codes"]["DataError"] = 9


def _without_key(surface: Surface) -> None:
    del surface["files"]["run.json"]["protocol_hash"]


def _without_column(surface: Surface) -> None:
    del surface["files"]["cases.csv"]["group"]


def _without_check(surface: Surface) -> None:
    del surface["checks"]["plugin.can-be-loaded"]


def _new_demand(surface: Surface) -> None:
    surface["checks"]["model.is-small"] = "must"


def _without_variable(surface: Surface) -> None:
    del surface["environment"]["MEDAI_PLUGINS"]


BREAKS = [
    *(_without_name, _other_default, _required_field, _required_method, _without_option, _other_exit_code, _without_key),
    *(_without_column, _without_check, _new_demand, _without_variable),
]


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_seen(recorded: Surface, change: Any) -> None:
    changed = copy.deepcopy(recorded)
    change(changed)
    assert len(difference(recorded, changed).breaks) == 1


def test_growth_is_no_break(recorded: Surface) -> None:
    changed = copy.deepcopy(recorded)
    changed["medai.api"]["ModelSpec"]["fields"]["owner"] = "= ''"
    changed["medai.tasks"]["Predictor"]["methods"]["warm_up"] = {"parameters": {}, "implementation": "default"}
    changed["medai.hookspecs"]["medai_models"]["parameters"] = {"config": "required"}
    changed["checks"]["model.is-small"] = "advice"
    changed["checks"]["plugin.can-be-loaded"] = "advice"
    changed["checks"][next(name for name, level in recorded["checks"].items() if level == "advice")] = "must"
    found = difference(recorded, changed)
    assert not found.breaks
    assert len(found.added) == 4


def test_an_option_that_may_be_left_out_is_no_break(recorded: Surface) -> None:
    old = copy.deepcopy(recorded)
    old["commands"]["medai run"]["--device"] = "required"
    assert not difference(old, recorded).breaks
    (line,) = difference(recorded, old).breaks
    assert line == "commands > medai run > --device: was option, is required"


def test_a_check_is_advice_for_a_version_before_it_belongs_to_the_contract(recorded: Surface) -> None:
    changed = copy.deepcopy(recorded)
    _new_demand(changed)
    assert not difference(recorded, changed, released=False).breaks
    assert difference(recorded, changed).breaks == ("checks > model.is-small: new, and no advice first",)


GOING = Deprecation(kind="name", owner="medai.api", name="use", instead="component", warns="0.2", fails="0.4", gone="0.5")
FIELD = Deprecation(kind="parameter", owner="medai.api.Train", name="clip", advice="leave it out", warns="0.2", fails="0.4", gone="0.5")


@pytest.mark.parametrize(("version", "lost", "going"), [("0.1", 1, 0), ("0.3", 1, 1), ("0.4", 0, 1), ("0.5", 0, 0)])
def test_what_was_deprecated_for_its_time_may_go(
    recorded: Surface, monkeypatch: pytest.MonkeyPatch, version: str, lost: int, going: int
) -> None:
    monkeypatch.setattr(_deprecated, "TABLE", (GOING,))
    monkeypatch.setattr(_deprecated, "VERSION", version)
    changed = copy.deepcopy(recorded)
    _without_name(changed)
    found = difference(recorded, changed)
    assert (len(found.breaks), len(found.going), len(found.gone)) == (lost, going, 1 - lost)


def test_a_deprecated_field_lets_no_other_go(recorded: Surface, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_deprecated, "TABLE", (FIELD,))
    monkeypatch.setattr(_deprecated, "VERSION", "0.5")
    changed = copy.deepcopy(recorded)
    for name in ("clip", "batch"):
        del changed["medai.api"]["Train"]["fields"][name]
    assert difference(recorded, changed).breaks == ("medai.api > Train > fields > batch: gone",)


# The command.


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, now: Surface):
    """`medai plugin api`, with the surface that was found already."""
    monkeypatch.setattr("medai_sdk.surface.present", lambda: now)
    yield lambda *arguments: CliRunner().invoke(plugin, ["api", *map(str, arguments)], catch_exceptions=False)
    configure()


def test_an_author_sees_what_changed(api: Any, now: Surface, tmp_path: Path) -> None:
    recorded = copy.deepcopy(now)
    del recorded["medai.api"]["use"]
    recorded["medai.api"]["bygone"] = {"kind": "value"}
    (tmp_path / "before.json").write_text(json.dumps(recorded))
    done = api("--against", tmp_path / "before.json")
    assert done.exit_code == 1
    assert done.output.splitlines()[0] == f"medai {__version__} against {tmp_path}/before.json: breaks 1, new 1"
    assert "breaks      medai.api > bygone: gone" in done.output and "new         medai.api > use" in done.output
    found = json.loads(api("--against", tmp_path / "before.json", "--json").output)
    assert (found["breaks"], found["added"]) == (["medai.api > bygone: gone"], ["medai.api > use"])


def test_what_is_written_is_what_is_compared(api: Any, tmp_path: Path) -> None:
    assert api("--write", tmp_path / "now.json").exit_code == 0
    done = api("--against", tmp_path / "now.json")
    assert (done.exit_code, done.output) == (0, f"medai {__version__} against {tmp_path}/now.json: breaks 0, new 0\n")


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the surface of medai 9\.9 is not recorded: there is 0\.1"):
        record_of("9.9.2")
    with pytest.raises(UsageError, match="neither a file nor a version"):
        record_of("yesterday")
    for text, reason in (("{", "cannot be read"), ("{}", "holds no recorded surface")):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(DataError, match=reason):
            record_of(str(tmp_path / "bad.json"))


def test_the_records_are_data_of_the_kit() -> None:
    import medai_sdk

    assert RECORDS.is_relative_to(Path(str(medai_sdk.__file__)).parent)
