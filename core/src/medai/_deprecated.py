"""What is on its way out of the public interface, and how it goes: it works and warns for two minor versions at least, then it is an error
that says what to use, then it is gone.

All of it stands in `TABLE`. A name of a public module, a parameter or field, a hook and an option of the command line each have one place
that looks there. An id is renamed by the plugin that it belongs to: `former_names` of its spec.

A warning is a `medai.errors.MedaiDeprecationWarning`, shown once for each place that it is about: by Python as its filters say (pytest
shows it, `-W error` raises it), by `medai`'s commands as one line on stderr.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeVar

from medai import __version__
from medai.errors import MedaiDeprecationWarning, MedaiError, PluginError, UsageError

Kind = Literal["name", "parameter", "hook", "option"]
Stage = Literal["public", "warns", "fails", "gone"]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_SHOWN: dict[str | tuple[str, type[Warning], int], int] = {}


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """Something public that goes.

    Attributes:
        kind: what it is.
        owner: where it is: the module of a name (`medai.io`); the class or function of a parameter or field (`medai.api.Train`); the
            command of an option (`medai run`); nothing for a hook.
        name: its name there.
        instead: the name that takes its place there; empty where none does.
        advice: what to do where no name takes its place.
        target: where the object of a name stands, `package.module:Name`; empty: under the new name.
        warns, fails, gone: the versions from which it warns, is an error, and is not known any more; two minors at least from the first
            to the second.
    """

    kind: Kind
    owner: str = ""
    name: str
    instead: str = ""
    advice: str = ""
    target: str = ""
    warns: str
    fails: str
    gone: str

    @property
    def what(self) -> str:
        """What it is, for messages."""
        words = {"name": f"{self.owner}.{self.name}", "hook": f"the hook {self.name}", "option": f"{self.name} of {self.owner}"}
        return words.get(self.kind, f"{self.name} of {self.owner}")

    @property
    def recorded(self) -> tuple[str, ...]:
        """The keys that lead to it in the recorded surface; of a parameter, those of what has it."""
        places = {
            "name": (self.owner, self.name),
            "hook": ("medai.hookspecs", self.name),
            "option": ("commands", self.owner, self.name),
        }
        return places.get(self.kind, tuple(self.owner.rsplit(".", 1)))

    def stage(self, version: str = "") -> Stage:
        """How far it is in `version` of medai, by default the present one."""
        now = minor_of(version or VERSION)
        stages: tuple[tuple[str, Stage], ...] = ((self.gone, "gone"), (self.fails, "fails"), (self.warns, "warns"))
        return next((stage for since, stage in stages if now >= minor_of(since)), "public")

    def used(self, place: str = "", error: type[MedaiError] = PluginError) -> None:
        """It is used, at a `place` in words, or in the code that called medai: warn, or fail.

        Raises:
            MedaiError: of the class `error`, once it no longer works.
        """
        advice = f"use {self.instead}" if self.instead else self.advice
        before = f"{place}: " if place else ""
        if self.stage() == "fails":
            raise error(f"{before}{self.what} does not work since medai {self.fails}: {advice}")
        if self.stage() == "warns":
            warn(f"{before}{self.what} is deprecated since medai {self.warns} and goes in medai {self.fails}: {advice}", place)


VERSION = __version__
TABLE: tuple[Deprecation, ...] = ()


def minor_of(version: str) -> tuple[int, int]:
    """Major and minor version."""
    major, minor = [*version.split("."), "0"][:2]
    return int(major), int(minor)


def going(kind: Kind, owner: str = "") -> dict[str, Deprecation]:
    """What goes from there, by its name, without what is gone."""
    return {item.name: item for item in TABLE if (item.kind, item.owner) == (kind, owner) and item.stage() != "gone"}


def warn(message: str, place: str = "") -> None:
    """Warn once of each place: the one that is named, or the line of code that called medai."""
    if place:
        warnings.warn_explicit(message, MedaiDeprecationWarning, place, 1, registry=_SHOWN)
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and _ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    shown = frame.f_globals.setdefault("__warningregistry__", {})
    module = frame.f_globals.get("__name__", "")
    warnings.warn_explicit(message, MedaiDeprecationWarning, frame.f_code.co_filename, frame.f_lineno, module, shown)


def old_names(module: str) -> Callable[[str], object]:
    """The `__getattr__` of a public module: names that go are still found."""

    def find(name: str) -> object:
        held = going("name", module).get(name)
        if held is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        held.used()
        place, _, attribute = held.target.partition(":") if held.target else (module, ":", held.instead)
        return getattr(import_module(place), attribute)

    return find


def today(owner: str, given: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Keywords for `owner` by the names that they have today; one that nothing takes the place of is left out.

    Where both names stand, as when one changes a record that has them all, the old one is what somebody wants.

    Raises:
        PluginError, UsageError: one no longer works; the latter where a place in a recipe is named.
    """
    result = dict(given)
    for name, held in going("parameter", owner).items():
        if name in result and held.stage() != "public":
            held.used(place, UsageError if place else PluginError)
            value = result.pop(name)
            if held.instead:
                result[held.instead] = value
    return result


def old_parameters(owner: str) -> Callable[[Decorated], Decorated]:
    """A function, or a class by its constructor, takes keywords under names that go; objects of the class still have them."""

    def decorate(decorated: Any) -> Any:
        cls: Any = decorated if isinstance(decorated, type) else None
        called = decorated if cls is None else cls.__init__

        @functools.wraps(called)
        def call(*args: Any, **keywords: Any) -> Any:
            return called(*args, **today(owner, keywords))

        if cls is None:
            return call
        cls.__init__ = call
        cls.__getattr__ = _old_attribute(owner)
        return cls

    return decorate


def _old_attribute(owner: str) -> Callable[[object, str], object]:
    def find(self: object, name: str) -> object:
        held = going("parameter", owner).get(name)
        if held is None or not held.instead:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        held.used()
        return getattr(self, held.instead)

    return find


def new_hook(name: str, present: Iterable[str]) -> str:
    """The hook that a plugin's function `name` implements today; empty where the plugin has that too, for a medai that knows it."""
    held = going("hook").get(name)
    if held is None or not held.instead or held.stage() == "public":
        return name
    return "" if held.instead in present else held.instead


def today_options(command: str, arguments: list[str]) -> list[str]:
    """The arguments of a command with its options by the names that they have today.

    Raises:
        UsageError: one no longer works.
    """
    known = going("option", command)
    result: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            return result + arguments[place:]
        name, equals, value = argument.partition("=")
        held = known.get(name)
        if held is not None and held.stage() != "public":
            held.used(command, UsageError)
            argument = f"{held.instead or name}{equals}{value}"
        result.append(argument)
    return result


def show_warnings(say: Callable[[str], None]) -> None:
    """Let a command show these warnings in its own words; others are shown as ever.

    Who has said already what becomes of them (`python -W`, `pytest -W error`) is heeded.
    """
    errors = (category for action, _, category, *_ in warnings.filters if action == "error")
    if not sys.warnoptions and not any(issubclass(MedaiDeprecationWarning, category) for category in errors):
        warnings.simplefilter("default", MedaiDeprecationWarning)
    shown = warnings.showwarning

    def show(message: Any, category: Any, *others: Any, **named: Any) -> None:
        if issubclass(category, MedaiDeprecationWarning):
            say(f"warning: {message}")
        else:
            shown(message, category, *others, **named)

    warnings.showwarning = show


def _ours(module: str) -> bool:
    return module.partition(".")[0] in ("medai", "importlib") or module.startswith("_frozen_importlib")
