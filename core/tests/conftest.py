"""A fake site folder: distributions written as an installer leaves them, found by the real discovery."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from medai._cli import main
from medai._discovery import PluginRecord, Registry, configure, registry

SWITCHES = ("MEDAI_PLUGINS", "MEDAI_DISABLE_PLUGINS", "MEDAI_STRICT_PLUGINS")

MODEL = """
from medai.api import ModelSpec, hookimpl

@hookimpl
def medai_models():
    return [ModelSpec(name="net", target="{module}_heavy:Net", summary="A net.")]
"""


class Site:
    """A folder on `sys.path` in front of all others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before = set(sys.modules)

    def install(
        self,
        distribution: str,
        source: str = MODEL,
        *,
        entries: Sequence[str] = (),
        requires: Sequence[str] = (),
        version: str = "1.0",
        group: str = "medai.v1",
    ) -> str:
        """Write a distribution with one module; `{module}` in texts is that module's name, which is returned."""
        folder = distribution.replace("-", "_")
        module = f"{folder}_plugin"
        (self.root / f"{module}.py").write_text(textwrap.dedent(source).replace("{module}", module), encoding="utf-8")
        info = self.root / f"{folder}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.4", f"Name: {distribution}", f"Version: {version}", *(f"Requires-Dist: {line}" for line in requires)]
        (info / "METADATA").write_text("\n".join([*lines, "", "Requires-Dist: medai>=999 is what its text says", ""]), encoding="utf-8")
        lines = [entry.replace("{module}", module) for entry in entries or (f"{distribution.removeprefix('medai-')} = {module}",)]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]), encoding="utf-8")
        importlib.invalidate_caches()
        return module

    def file(self, name: str, source: str) -> Path:
        """Write a module that no distribution has."""
        path = self.root / name
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return path

    def discover(self, *, no_plugins: bool = False, files: Sequence[Path] = ()) -> Registry:
        """Discover anew."""
        configure(no_plugins=no_plugins, files=files)
        return registry()

    def record(self, name: str) -> PluginRecord:
        """What discovery says of one plugin."""
        (found,) = (record for record in self.discover().plugins if record.name == name)
        return found

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`medai ARGUMENTS` in a process of its own that sees this folder."""
        return self.python("-c", "from medai._cli import main; main()", *arguments, **environment)

    def python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A fresh interpreter that sees this folder, with none of the switches but those given."""
        clean = {key: value for key, value in os.environ.items() if key not in SWITCHES}
        return subprocess.run(
            [sys.executable, *arguments],
            env=clean | {"PYTHONPATH": str(self.root)} | environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A fake site folder; afterwards neither its modules nor its plugins are left."""
    root = tmp_path / "site"
    root.mkdir()
    monkeypatch.syspath_prepend(root)
    for switch in SWITCHES:
        monkeypatch.delenv(switch, raising=False)
    site = Site(root)
    yield site
    for name in set(sys.modules) - site.before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(root)):
            del sys.modules[name]
    configure()


class Ended(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[Path], Callable[..., Ended]]]:
    """Given a file of toys, `medai ARGUMENTS` in this process and an empty folder, with the core and these toys alone."""
    for switch in SWITCHES:
        monkeypatch.delenv(switch, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def of(toys: Path) -> Callable[..., Ended]:
        def run(*arguments: str) -> Ended:
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main(["--no-plugins", "--plugin", str(toys), *arguments])
            assert isinstance(ended.value.code, int)
            return Ended(ended.value.code, *capsys.readouterr())

        return run

    yield of
    torch.set_num_threads(threads)
    configure()
