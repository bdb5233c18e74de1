"""The public surface of medai and of this kit as data, recorded for each minor version, and what differs between two of them."""

from medai_sdk.surface.compare import Difference, difference
from medai_sdk.surface.present import present
from medai_sdk.surface.records import record_of, recorded_versions

__all__ = ["Difference", "difference", "present", "record_of", "recorded_versions"]
