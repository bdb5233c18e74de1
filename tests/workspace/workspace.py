"""What the tests here ask of the workspace: its distributions, their requirements and modules."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Project:
    """A distribution's folder."""

    folder: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The content of its pyproject.toml."""
        return tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.settings["project"]["name"])

    @property
    def package(self) -> str:
        """The import package's name."""
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """The import package's folder."""
        return self.folder / "src" / self.package

    @property
    def requirements(self) -> list[Requirement]:
        """What it needs to run, without extras."""
        return [Requirement(text) for text in self.settings["project"]["dependencies"]]

    @property
    def extras(self) -> list[Requirement]:
        """What its extras need."""
        return [Requirement(text) for texts in self.settings["project"].get("optional-dependencies", {}).values() for text in texts]


CORE = Project(ROOT / "core")
PLUGINS = [Project(path.parent) for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
SDK = Project(ROOT / "sdk")
PROJECTS = [CORE, SDK, *PLUGINS]
TOOLS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]


def closure(requirements: list[Requirement]) -> set[str]:
    """The canonical names of all installed distributions that `requirements` ask for, directly or not."""
    found: set[str] = set()
    waiting = [(requirement.name, frozenset(requirement.extras)) for requirement in requirements if _applies(requirement, "")]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        try:
            declared = metadata.distribution(name).requires or []
        except metadata.PackageNotFoundError:
            continue
        found.add(canonicalize_name(name))
        for requirement in map(Requirement, declared):
            if any(_applies(requirement, extra) for extra in ("", *extras)):
                step = (requirement.name, frozenset(requirement.extras))
                if step not in seen:
                    seen.add(step)
                    waiting.append(step)
    return found


@functools.cache
def libraries(folder: Path, names: frozenset[str]) -> Path:
    """A folder of links to what the installed distributions `names` consist of."""
    folder.mkdir()
    for name in sorted(names):
        distribution = metadata.distribution(name)
        tops = {path.parts[0] for path in distribution.files or [] if path.parts[0] not in ("..", "__pycache__", "bin")}
        for top in sorted(tops):
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def imports(module: Path, package: str) -> Iterator[tuple[str, int]]:
    """The full name and line of everything that a module imports, `from x import y` as `x.y`, wherever in the file it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, package)
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def _base(node: ast.ImportFrom, module: Path, package: str) -> str:
    if not node.level:
        return str(node.module)
    parts = module.parts[len(module.parts) - module.parts[::-1].index(package) - 1 : -1]
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def pins() -> dict[str, str]:
    """The exact versions in constraints.txt by canonical name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!]+)", line) for line in lines if line and not line.startswith("#")]
    assert all(found), [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.!]+|", line)]
    return {canonicalize_name(match[1]): match[2] for match in found if match}
