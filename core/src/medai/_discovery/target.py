"""Importing what a target string names: a component's, or a command's."""

from __future__ import annotations

import importlib

from medai._discovery.failure import failure_of
from medai._discovery.records import Entry
from medai._imports import unsearched
from medai._words import listed, nearest
from medai.api import Spec
from medai.errors import PluginError, UsageError


def load_target(entry: Entry) -> object:
    """Import what a spec names.

    Raises:
        PluginError: the import fails, with the plugin's own traceback, or the module has no such name.
        UsageError: the entry is a recipe or a table, which names nothing to import.
    """
    if not isinstance(entry.spec, Spec):
        raise UsageError(f"{entry.kind} {entry.id} is not a component: there is nothing to import")
    what = f"{entry.kind} {entry.id} ({entry.plugin.distribution} {entry.plugin.version})"
    needs = f"; it needs {listed(entry.spec.needs)}" if entry.spec.needs else ""
    return import_target(entry.spec.target, what, needs)


def import_target(target: str, what: str, needs: str = "") -> object:
    """Import `package.module:Name`; `what` and `needs` are for the message.

    Raises:
        PluginError: as `load_target`.
    """
    place, _, names = target.partition(":")
    try:
        with unsearched():
            found: object = importlib.import_module(place)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may also exit
        reason, trace = failure_of(error)
        raise PluginError(f"{what}: {target} could not be imported: {reason}{needs}\n{trace}".rstrip()) from error
    for name in names.split("."):
        if not hasattr(found, name):
            public = [key for key in vars(found) if not key.startswith("_")]
            raise PluginError(f"{what}: {target}: there is no {name} in {place}{nearest(name, public)}")
        found = getattr(found, name)
    return found
