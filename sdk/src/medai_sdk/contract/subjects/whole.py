"""A plugin as a whole, as its checks see it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from medai._discovery import Entry, PluginRecord
from medai._discovery.scan import CORE
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.watching.distribution import installed, places, top_levels

_SHOWN = 300
"""Characters of what it prints."""


class PluginSubject:
    """A plugin as a whole.

    Attributes:
        record: what discovery says of it.
        module: its light module's name.
        entries: all that it offers.
        folder: an empty folder to write in.
    """

    def __init__(self, record: PluginRecord, module: str, entries: tuple[Entry, ...], folder: Path) -> None:
        self.record, self.module, self.entries, self.folder = record, module, entries, folder

    @property
    def is_core(self) -> bool:
        """Whether it is medai itself."""
        return self.record.distribution == CORE

    @property
    def distribution(self) -> metadata.Distribution:
        """Its metadata.

        Raises:
            NotApplicable: there is none.
        """
        found = installed(self.record.distribution)
        if found is None:
            raise NotApplicable("its metadata cannot be found")
        return found

    @property
    def packages(self) -> tuple[str, ...]:
        """The top-level packages and modules that are its own."""
        return tuple(dict.fromkeys((self.module.partition(".")[0], *top_levels(installed(self.record.distribution)))))

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where they stand."""
        return tuple(places(self.packages).values())

    def must_be_loaded(self) -> None:
        """Raise where discovery has not loaded it.

        Raises:
            NotApplicable: it has not.
        """
        if self.record.status != "ok":
            raise NotApplicable("it could not be loaded: see plugin.can-be-loaded")

    @functools.cached_property
    def probes(self) -> tuple[dict[str, Any], ...]:
        """What its light module did in two fresh interpreters, in which sets have different orders.

        Raises:
            NotApplicable: it cannot be loaded here either.
            Broken: it cannot be loaded there.
        """
        self.must_be_loaded()
        return tuple(self._probe(seed) for seed in ("1", "2"))

    def _probe(self, seed: str) -> dict[str, Any]:
        result, said = self.folder / f"probe-{seed}.json", self.folder / f"said-{seed}.txt"
        command = [sys.executable, "-P", "-m", "medai_sdk.contract.isolation.probe", self.module, str(result), *map(str, self.roots)]
        with said.open("wb") as file:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env={**os.environ, "PYTHONHASHSEED": seed}, check=False
            )
        with said.open("rb") as file:
            printed = file.read(_SHOWN if result.exists() else -1).decode(errors="replace").strip()
        if not result.exists():
            raise Broken(f"in a fresh interpreter it ends with code {done.returncode}: {printed[-_SHOWN:]}", "see what its module imports")
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return {**found, "printed": printed}
