"""Discovery: entry points of the group `medai.v1`, loaded one by one into a registry."""

from medai._discovery.records import Entry, PluginRecord
from medai._discovery.registry import Registry, configure, discovered, looked_at_apart, registry, wanted
from medai._discovery.target import load_target

__all__ = ["Entry", "PluginRecord", "Registry", "configure", "discovered", "load_target", "looked_at_apart", "registry", "wanted"]
