"""constraints.txt: exact versions of everything, and nothing that belongs to one machine."""

from __future__ import annotations

from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from workspace import PROJECTS, ROOT, Project, closure, pins

OURS = {canonicalize_name(project.name) for project in PROJECTS}


def development() -> list[Requirement]:
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_every_dependency_has_an_exact_version(project: Project) -> None:
    needed = closure([*project.requirements, *project.extras]) - OURS
    assert "torch" in needed
    assert not needed - pins().keys()


def test_every_tool_has_an_exact_version() -> None:
    needed = closure(development()) - OURS
    assert {"ruff", "mypy", "pytest", "mkdocs"} <= needed
    assert not needed - pins().keys()


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_lower_bounds_admit_the_versions(project: Project) -> None:
    pinned = pins()
    for requirement in project.requirements + project.extras:
        name = canonicalize_name(requirement.name)
        assert str(requirement.specifier), f"{project.name} gives no lower bound for {name}"
        assert name in OURS or requirement.specifier.contains(Version(pinned[name])), (
            f"{project.name}: {requirement} against {pinned[name]}"
        )


def test_no_host_and_no_place_of_this_machine() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not any(mark in text for mark in ("://", " @ ", "+cpu", "+cu", "--", "-e "))
    assert not OURS & pins().keys()


def test_pinned_versions_are_those_tested() -> None:
    installed = {canonicalize_name(found.name): found.version.split("+")[0] for found in metadata.distributions()}
    other = {name: (version, installed[name]) for name, version in pins().items() if installed.get(name, version) != version}
    assert not other, f"pinned, installed: {other}"
