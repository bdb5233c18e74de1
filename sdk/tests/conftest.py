"""Plugins of the kit's own tests: `plugins/NAME/` stands on the import path of a process that checks it, with its `.dist-info`."""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
METADATA = "Summary: A plugin.\nKeywords: medai\nLicense: MIT\nRequires-Dist: medai>=0.1\nRequires-Dist: torch\n"


def check_command(plugin: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`medai plugin check PLUGIN` with `folder` on the path, as a user's terminal would have it."""
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "MEDAI_STRICT_PLUGINS": "0"}
    command = [sys.executable, "-m", "medai", "plugin", "check", plugin, *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`distribution("medai-odd", source)`: a small installed distribution of that light module, on this process's path; its folder."""
    folder = tmp_path / "site"

    def install(
        name: str,
        source: str,
        files: Mapping[str, str] | None = None,
        *,
        entry: str = "",
        group: str = "medai.v1",
        metadata: str = METADATA,
    ) -> Path:
        package = name.replace("-", "_")
        info = f"{package}-0.1.0.dist-info"
        points = entry or f"{name.removeprefix('medai-')} = {package}.plugin"
        written = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n{metadata}",
            f"{info}/entry_points.txt": f"[{group}]\n{points}\n",
            f"{package}/__init__.py": "",
            f"{package}/py.typed": "",
            f"{package}/plugin.py": source,
            **(files or {}),
        }
        for path, text in written.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        importlib.invalidate_caches()
        return folder

    monkeypatch.syspath_prepend(str(folder))
    return install


@functools.cache
def _report(plugin: str, options: tuple[str, ...]) -> dict[str, Any]:
    done = check_command(plugin, HERE / "plugins" / plugin, "--json", *options)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def checked() -> Callable[..., dict[str, Any]]:
    """`checked("broken-models")`: the report of `plugins/broken-models`, as `medai plugin check --json` gives it; once a session."""
    return lambda plugin, *options: _report(plugin, options)


@pytest.fixture(scope="session")
def failures(checked: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, set[str]]]:
    """For each `kind plugin/name`, the names of the checks of the contract that failed."""

    def found(plugin: str, *options: str) -> dict[str, set[str]]:
        result: dict[str, set[str]] = {}
        for each in checked(plugin, *options)["outcomes"]:
            held = result.setdefault(f"{each['kind']} {each['subject']}", set())
            if each["status"] == "failed" and each["level"] == "must":
                held.add(each["check"])
        return result

    return found
