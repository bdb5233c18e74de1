"""The one place that touches pluggy: registers a plugin's module, asks its hooks, and takes it out again when it breaks the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

import pluggy

from medai import hookspecs
from medai._deprecated import going, new_hook
from medai._discovery.records import Record
from medai._discovery.validate import ContractError, checked
from medai._words import nearest
from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Table, TaskSpec

if TYPE_CHECKING:
    from pluggy import HookimplOpts

KINDS: Mapping[str, tuple[str, type[Record]]] = {
    "task": ("medai_tasks", TaskSpec),
    "dataset": ("medai_datasets", DatasetSpec),
    "model": ("medai_models", ModelSpec),
    "loss": ("medai_losses", LossSpec),
    "metric": ("medai_metrics", MetricSpec),
    "exporter": ("medai_exporters", ExporterSpec),
    "recipe": ("medai_recipes", Recipe),
    "table": ("medai_tables", Table),
}
_HOOKS = {hook: kind for kind, (hook, _) in KINDS.items()}
_MARK = "medai_impl"


class _Manager(pluggy.PluginManager):
    def parse_hookimpl_opts(self, plugin: object, name: str) -> HookimplOpts | None:
        """Marked functions of the module; pluggy's own way, made for any object, takes ten times as long."""
        function = vars(plugin).get(name)
        options: HookimplOpts | None = getattr(function, _MARK, None) if type(function) is FunctionType else None
        if options is None:
            return None
        hook = new_hook(options["specname"] or name, vars(plugin))
        return {**options, "specname": hook} if hook else None


class Hooks:
    """A typed face of the plugin manager."""

    def __init__(self) -> None:
        self._manager = _Manager("medai")
        self._manager.add_hookspecs(hookspecs)

    def offers(self, module: ModuleType, name: str) -> dict[str, tuple[Record, ...]]:
        """What a plugin offers, by kind, each of its hooks called once. One that breaks the contract is not registered afterwards.

        Raises:
            ContractError: an unknown or unmarked hook, or an invalid spec.
            Exception: whatever a hook raises.
        """
        _check_hooks(module)
        try:
            self._manager.register(module, name)
            return self._ask(module)
        except pluggy.PluginValidationError as error:
            self._forget(name)
            raise ContractError(" ".join(str(error).split())) from error
        except BaseException:
            self._forget(name)
            raise

    def _ask(self, module: ModuleType) -> dict[str, tuple[Record, ...]]:
        # One by one: calling a hook for all plugins would neither say which of them raised nor go on to the next.
        found = {}
        for caller in self._manager.get_hookcallers(module) or ():
            implementation = next(item for item in reversed(caller.get_hookimpls()) if item.plugin is module)
            kind = _HOOKS[caller.name]
            found[kind] = checked(caller.name, kind, KINDS[kind][1], implementation.function())
        return {kind: found[kind] for kind in KINDS if kind in found}

    def _forget(self, name: str) -> None:
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)


def _check_hooks(module: ModuleType) -> None:
    for name, function in _functions(module):
        options = getattr(function, _MARK, None)
        hook = (options and options["specname"]) or name
        old = going("hook").get(hook)
        if old is not None and new_hook(hook, vars(module)) == old.instead:
            old.used(module.__name__)
        if hook not in (*_HOOKS, *going("hook")) and (options or name.startswith("medai_")):
            raise ContractError(f"unknown hook {hook}{nearest(hook, _HOOKS)}")
        if hook in _HOOKS and options is None:
            raise ContractError(f"{name} is not marked with medai.api.hookimpl, so it would not be called")
        if options and (options["wrapper"] or options["hookwrapper"]):
            raise ContractError(f"{name} is a wrapper: a plugin speaks for itself alone")


def _functions(module: ModuleType) -> Iterable[tuple[str, FunctionType]]:
    return [(name, value) for name, value in vars(module).items() if type(value) is FunctionType]
