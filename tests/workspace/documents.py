"""Fenced blocks of the documents: commands to run, and files that they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Enough to pass through every part of a run: stub data, or two steps on real ones.
_SHORT = "--stub"
_OF_A_TABLE = "--stub --row LDCT"
_SHORT_ON_DATA = "--set train.steps=2 --set train.validate_every=2 --set baselines=[]"


@dataclass(frozen=True)
class Block:
    """A fenced block; one with a title is a file of that name."""

    language: str
    title: str
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """All fenced blocks in order."""
    for language, title, text in _BLOCK.findall(document.read_text(encoding="utf-8")):
        yield Block(language, title, text)


def sequences(document: Path) -> list[list[str]]:
    """The commands of each shell block, without their comments."""
    texts = [block.text.replace("\\\n", " ") for block in blocks(document) if block.language == "sh"]
    return [[line.split("  #")[0].rstrip() for line in text.splitlines() if line.strip() and not line.startswith("#")] for text in texts]


def commands(document: Path) -> list[str]:
    """The commands of all shell blocks."""
    return [line for sequence in sequences(document) for line in sequence]


def make_targets(document: Path) -> list[str]:
    """The targets of the document's make commands."""
    return [target for line in commands(document) if line.startswith("make ") for target in line.split()[1:]]


def trial(line: str) -> str | None:
    """The command as the tests run it: briefly, and leaving the environment as it is; None for what is tried elsewhere."""
    if line.startswith(("make ", "source ")):
        return None
    if line.startswith("pip install "):
        return f'python -m pip install --quiet --no-deps --no-build-isolation --target "$ADDED" {line.split()[-1]}'
    if line.startswith("medai run ") and "--resume" not in line:
        return f"{line} {_SHORT_ON_DATA if '--data' in line else _SHORT}"
    if line.startswith("medai reproduce "):
        return f"{line} {_OF_A_TABLE}"
    if line.startswith("pytest "):
        return f'(cd "$ROOT" && {line} -p no:cacheprovider)'
    return line


def needs_real_data(line: str) -> bool:
    """Whether a command reads the data beside the checkout."""
    return "../shared/data" in line
