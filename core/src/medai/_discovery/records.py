"""What discovery found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medai.api import Recipe, Spec, Table

Status = Literal["ok", "disabled", "incompatible", "failed"]
Record = Spec | Recipe | Table


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """One entry point, or one file of `--plugin`: what became of it, and why.

    Attributes:
        name: the entry point's name; a file's is its own without suffix, with hyphens.
        distribution: the canonical name of the distribution that has the entry point; for a file, its path.
        version: the distribution's version; for a file, the beginning of its SHA-256.
        status: `ok`; `disabled` by a switch; `incompatible`: it needs a newer medai; `failed`: it broke the contract.
        reason: why it is not `ok`.
        traceback: the plugin's own, where it raised.
    """

    name: str
    distribution: str
    version: str
    status: Status
    reason: str = ""
    traceback: str = ""

    @property
    def broken(self) -> bool:
        """Whether there is something to mend: failed or incompatible."""
        return self.status in ("failed", "incompatible")

    @property
    def described(self) -> str:
        """`plugin alpha (medai-alpha 1.0) is failed: why`, for messages."""
        return f"plugin {self.name} ({self.distribution} {self.version}) is {self.status}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One declared component, recipe or table; `kind` is singular, `id` is `plugin/name`."""

    kind: str
    id: str
    spec: Record
    plugin: PluginRecord
