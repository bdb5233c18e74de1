"""Discovery: entry points of the group `medai.v1`, loaded one by one into a registry."""

from medai._discovery.records import Entry, PluginRecord
from medai._discovery.registry import Registry, configure, discovered, registry
from medai._discovery.target import load_target

__all__ = ["Entry", "PluginRecord", "Registry", "configure", "discovered", "load_target", "registry"]
