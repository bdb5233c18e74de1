"""Versions, licences and changelogs say the same everywhere."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.version import Version
from workspace import CORE, PLUGINS, PROJECTS, ROOT, Project

import medai

each = pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)


def test_the_core_knows_its_version() -> None:
    assert medai.__version__ == CORE.settings["project"]["version"] == metadata.version("medai")


@each
def test_the_changelog_begins_with_the_version(project: Project) -> None:
    text = (project.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == project.settings["project"]["version"]


@each
def test_licence_and_python_are_the_same(project: Project) -> None:
    declared = project.settings["project"]
    assert declared["license"] == "Apache-2.0"
    assert declared["requires-python"] == CORE.settings["project"]["requires-python"]
    assert (project.folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (project.folder / "README.md").exists()


@pytest.mark.parametrize("project", PLUGINS, ids=lambda project: project.name)
def test_a_plugin_asks_for_a_core_that_exists(project: Project) -> None:
    core = [requirement for requirement in project.requirements if requirement.name == "medai"]
    assert len(core) == 1
    bounds = [bound for bound in core[0].specifier if bound.operator in (">=", "~=", ">")]
    assert bounds, "a lower bound on medai"
    assert Version(bounds[0].version) <= Version(medai.__version__)


@pytest.mark.parametrize("project", PLUGINS, ids=lambda project: project.name)
def test_the_entry_point_is_named_for_the_distribution(project: Project) -> None:
    points = project.settings["project"]["entry-points"]["medai.v1"]
    assert points == {project.name.removeprefix("medai-"): f"{project.package}.plugin"}
    assert project.folder.name == project.name.removeprefix("medai-")
