"""The tutorial and the pages that show how to write each kind of component, followed by a stranger: each command, file and edit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import Block, blocks, sequences
from workshop import Workshop
from workspace import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workshop")]

DOCS = ROOT / "docs"
# In this order: later pages name what earlier ones make.
PAGES = [DOCS / "howto" / f"{kind}.md" for kind in ("dataset", "view", "model", "loss", "metric", "exporter", "recipe", "table", "task")]


def test_there_is_a_page_for_each_kind() -> None:
    assert sorted((DOCS / "howto").glob("*.md")) == sorted(PAGES)


def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    reader = Workshop(tmp_path)
    for block in blocks(DOCS / "tutorial.md"):
        reader.follow(block)
    assert list((reader.folder / "dist").glob("medai_acme-0.1.0-*.whl"))
    assert len(list((reader.folder / "runs").iterdir())) == 2


def test_how_to_pages_make_one_plugin_that_keeps_the_contract(tmp_path: Path) -> None:
    reader = Workshop(tmp_path)
    reader.run("medai plugin new medai-acme --task restoration\ncd medai-acme\npip install -e .")
    for page in PAGES:
        for block in blocks(page):
            if block.title:
                reader.follow(block)
    # Each page checks what is its own; all of it together takes one process.
    reader.run("medai plugin check medai-acme\nmedai list --plugin acme")
    ids = {id for page in PAGES for id in re.findall(r"--only (acme/[a-z0-9-]+)", page.read_text(encoding="utf-8"))}
    assert len(ids) == 9
    listed = set(re.findall(r"^  (acme/[a-z0-9-]+)", reader.said, re.MULTILINE))
    assert ids <= listed and {"acme/spots", "acme/landmarks"} <= listed
    reader.run("medai run mine.toml --stub")
    assert "acme/median (5)" in reader.said


def test_commands_of_how_to_pages_are_of_three_kinds() -> None:
    """So that the test above, which runs one of each, stands for all."""
    lines = [line for page in PAGES for sequence in sequences(page) for line in sequence]
    assert lines
    for line in lines:
        assert re.match(r"medai (plugin check medai-acme( --only acme/[a-z0-9-]+)*|run (acme/|mine\.toml)|show acme/)", line), line


def test_a_page_shows_what_it_has_tried() -> None:
    for page in [*PAGES, DOCS / "tutorial.md"]:
        held: list[Block] = list(blocks(page))
        assert page.read_text(encoding="utf-8").count("```") == 2 * len(held)
        assert all(block.title or block.language in ("sh", "text") for block in held), page.name
