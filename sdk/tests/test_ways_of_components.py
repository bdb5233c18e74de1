"""What components do to the process that all share, or to the machine, is caught by the check that names it, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

OPTIONS = ("--seconds", "10")
# Together in one process, so that the plugin is checked once.
pytestmark = pytest.mark.xdist_group("ways")

BROKEN = {
    "connects": ("component.no-network", "it reached for the network: getaddrinfo 192.0.2.1"),
    "writes-here": ("component.writes-inside", "/here/log.txt"),
    "writes-home": ("component.writes-inside", "/home/.broken-ways"),
    "saves-in-c": ("component.writes-inside", "/home/ones.pt"),
    "keeps-a-table": ("component.writes-inside", "/calls.db"),
    "lets-a-program-write": ("component.writes-inside", "/here/touched.txt"),
    "sets-dtype": ("component.keeps-global-state", "torch's default dtype: torch.float32 became torch.float64"),
    "sets-threads": ("component.keeps-global-state", "torch's number of threads: 1 became"),
    "sets-variable": ("component.keeps-global-state", "the environment variable BROKEN_WAYS (losses.py, line "),
    "moves": ("component.keeps-global-state", "the current folder: "),
    "silences": ("component.keeps-global-state", "the filters of warnings (losses.py, line "),
    "sets-print-options": ("component.keeps-global-state", "torch's print options (losses.py, line "),
    "sets-numpys-print-options": ("component.keeps-global-state", "numpy's print options (losses.py, line "),
    "sets-log-level": ("component.keeps-global-state", "the level of the root logger (losses.py, line "),
    "sets-timeout": ("component.keeps-global-state", "the default timeout of sockets (losses.py, line "),
    "handles-a-signal": ("component.keeps-global-state", "what signals do (losses.py, line "),
    "seeds": ("component.keeps-global-state", "the seed of numpy.random.seed (losses.py, line "),
    "seeds-at-import": ("component.keeps-global-state", "the seed of torch.manual_seed (seeding.py, line "),
    "exits": ("component.can-be-tried", "SystemExit: no licence"),
    "hangs": ("component.can-be-tried", "it takes longer than 10 s; it was in forward (losses.py, line "),
    "crashes": ("component.can-be-tried", "it ended the process, by SIGSEGV; it was in forward (losses.py, line "),
    "exits-at-import": ("component.target-resolves", "it ended the process, with code 1"),
    "misspelt": ("component.target-resolves", "there is no Misspelt in medai_broken_ways.losses"),
}
ADVISED = {
    "starts": ("component.starts-no-program", "it started true"),
    "prints": ("component.prints-nothing", "it printed "),
}
SOUND = ("sound", "forks", "seeds-inside", "sets-and-sets-back", "has-a-logger", "reads-a-table", "lets-a-process-run")
UNSEEN = {
    "starts": "its own code started true, and what that does is not seen",
    "forks": "its own code started a process by os.fork, and what that does is not seen",
    "lets-a-process-run": "its own code started a process by multiprocessing, and what that does is not seen",
}


@pytest.fixture(scope="session")
def outcomes(checked: Callable[..., dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The outcomes of each loss."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in checked("broken-ways", *OPTIONS)["outcomes"]:
        found.setdefault(each["subject"].removeprefix("broken-ways/"), []).append(each)
    return found


def bad(outcomes: list[dict[str, Any]], level: str = "must") -> list[tuple[str, str]]:
    return [(each["check"], each["reason"]) for each in outcomes if each["status"] == "failed" and each["level"] == level]


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_named(outcomes: dict[str, list[dict[str, Any]]], name: str) -> None:
    check, reason = BROKEN[name]
    ((found, said),) = bad(outcomes[name])
    assert found == check
    assert reason in said


@pytest.mark.parametrize("name", ADVISED)
def test_advice_is_given(outcomes: dict[str, list[dict[str, Any]]], name: str) -> None:
    check, reason = ADVISED[name]
    assert not bad(outcomes[name])
    assert reason in dict(bad(outcomes[name], "advice"))[check]


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_passes_all(outcomes: dict[str, list[dict[str, Any]]], name: str) -> None:
    assert not bad(outcomes[name])
    assert not {check for check, _ in ADVISED.values()} & {check for check, _ in bad(outcomes[name], "advice")}
    assert sum(each["status"] == "passed" for each in outcomes[name]) > 10


@pytest.mark.parametrize("name", UNSEEN)
def test_what_nobody_watched_is_not_said_to_be_seen(outcomes: dict[str, list[dict[str, Any]]], name: str) -> None:
    found = {each["check"]: (each["status"], each["reason"]) for each in outcomes[name]}
    assert found["component.no-network"] == found["component.writes-inside"] == ("not applicable", UNSEEN[name])


def test_nothing_is_said_twice_and_all_are_there(outcomes: dict[str, list[dict[str, Any]]]) -> None:
    assert set(outcomes) == {*BROKEN, *ADVISED, *SOUND, "declared", "declared-away", "without-a-reason", "broken-ways"}
    for found in outcomes.values():
        assert len({each["check"] for each in found}) == len(found)


def test_after_a_lost_check_the_others_of_its_component_do_not_apply(outcomes: dict[str, list[dict[str, Any]]]) -> None:
    lost, *others = [each for each in outcomes["hangs"] if each["check"] != "component.target-resolves"]
    assert "forward" in lost["traceback"]
    assert others
    assert {(each["status"], each["reason"]) for each in others} == {("not applicable", "component.can-be-tried did not come to an end")}


def test_what_is_declared_is_known_and_has_to_fail(outcomes: dict[str, list[dict[str, Any]]]) -> None:
    known = {each["check"]: each["reason"] for each in outcomes["declared"] if each["status"] == "known"}
    assert list(known) == ["component.writes-inside"]
    assert known["component.writes-inside"].startswith("it keeps a log (it wrote or removed ")
    assert bad(outcomes["declared"]) == [
        ("component.no-network", "the spec's known_failures say that it fails, and it passes"),
        ("component.declares-real-checks", "there is no check component.nothing"),
    ]


def test_what_is_not_there_cannot_be_declared_away(outcomes: dict[str, list[dict[str, Any]]]) -> None:
    assert [check for check, _ in bad(outcomes["declared-away"])] == ["component.target-resolves"]


def test_a_declaration_has_a_reason(outcomes: dict[str, list[dict[str, Any]]]) -> None:
    assert bad(outcomes["without-a-reason"]) == [
        ("component.declares-real-checks", "no reason is given for component.writes-inside"),
    ]
