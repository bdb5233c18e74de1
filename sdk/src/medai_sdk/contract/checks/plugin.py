"""Checks of a plugin as a whole: what discovery does with it."""

from __future__ import annotations

from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.whole import PluginSubject

_SECONDS = 2.0
_SHOWN = 3


@check("plugin.can-be-loaded", "discovery loads it")
def can_be_loaded(subject: PluginSubject) -> None:
    if subject.record.status != "ok":
        traced = f"\n{subject.record.traceback}".rstrip()
        raise Broken(f"it is {subject.record.status}: {subject.record.reason}{traced}", "medai doctor says the same")


@check("plugin.offers-something", "it offers at least one component, recipe or table")
def offers_something(subject: PluginSubject) -> None:
    subject.must_be_loaded()
    if not subject.entries:
        raise Broken(f"{subject.module} has no hook that gives anything", "mark its functions with medai.api.hookimpl")


@check("plugin.imports-light", "its light module imports the standard library, medai.api and the plugin's own light modules alone")
def imports_light(subject: PluginSubject) -> None:
    imports = subject.probes[0]["imports"]
    if imports:
        raise Broken(f"it imports {_some(imports)}", "import it where targets stand: every command imports light modules")


@check("plugin.hooks-are-quick", f"import of its light module and its hooks take less than {_SECONDS:g} s")
def hooks_are_quick(subject: PluginSubject) -> None:
    _must_be_light(subject)
    # The quicker of the two: the machine may be busy.
    seconds = min(probe["seconds"] for probe in subject.probes)
    if seconds > _SECONDS:
        raise Broken(f"they take {1000 * seconds:.0f} ms", "let hooks return records that are written down, and compute nothing")


@check("plugin.hooks-are-steady", "its hooks give the same each time, in the same order")
def hooks_are_steady(subject: PluginSubject) -> None:
    first, second = subject.probes
    if first["unlike"]:
        raise Broken(f"called again, {_hooks(first['unlike'])} give something else", "let hooks return records that are written down")
    unlike = [kind for kind, names in first["names"].items() if names != second["names"].get(kind)]
    if unlike:
        raise Broken(f"in another process {_hooks(unlike)} give another order or other names", "return lists, not what a set holds")


@check("plugin.hooks-are-silent", "neither its light module nor its hooks print anything")
def hooks_are_silent(subject: PluginSubject) -> None:
    _must_be_light(subject)
    printed = subject.probes[0]["printed"]
    if printed:
        raise Broken(f"printed: {printed!r}", "take the print away: programs read what commands print; medai list is one of them")


@check("plugin.hooks-touch-nothing", "neither its light module nor its hooks use files, the network, programs or threads")
def hooks_touch_nothing(subject: PluginSubject) -> None:
    _must_be_light(subject)
    words = {"network": "uses the network", "written": "writes", "read": "reads", "started": "starts", "threads": "leaves threads"}
    probe = subject.probes[0]
    faults = [f"{verb}: {_some(probe[key])}" for key, verb in words.items() if probe[key]]
    if faults:
        raise Broken("it " + "; it ".join(faults), "do it in the component that needs it, when it is used")


def _must_be_light(subject: PluginSubject) -> None:
    """What heavy libraries do when they are imported is theirs."""
    if subject.probes[0]["imports"]:
        raise NotApplicable("it imports heavy libraries: see plugin.imports-light")


def _hooks(kinds: list[str]) -> str:
    return " and ".join(f"medai_{kind}s" if kind != "loss" else "medai_losses" for kind in kinds)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"{', '.join(words[:_SHOWN])}{more}"
