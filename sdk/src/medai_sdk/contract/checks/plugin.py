"""Checks of a plugin as a whole."""

from __future__ import annotations

from medai_sdk.contract.check import Broken, check
from medai_sdk.contract.subjects import PluginSubject


@check("plugin.can-be-loaded", "discovery loads it")
def can_be_loaded(subject: PluginSubject) -> None:
    if subject.record.status != "ok":
        raise Broken(subject.record.reason, "medai doctor shows its traceback")


@check("plugin.offers-something", "it offers at least one component, recipe or table")
def offers_something(subject: PluginSubject) -> None:
    if not subject.entries:
        raise Broken(f"{subject.module} has no hook that gives anything", "mark its functions with medai.api.hookimpl")
