"""Fenced blocks of the documents: commands to run, and files that they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Enough to pass through every part of a run.
_SHORT = "--set train.steps=2 --set train.validate_every=2"


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


def commands(document: Path) -> list[str]:
    """Every line of the shell blocks that is a command, without its comment."""
    lines = [line for block in blocks(document) if block.language == "sh" for line in block.text.replace("\\\n", " ").splitlines()]
    return [line.split("  #")[0].rstrip() for line in lines if line.strip() and not line.startswith("#")]


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
        return f"{line} {_SHORT}"
    return line


def needs_real_data(line: str) -> bool:
    """Whether a command reads the data beside the checkout."""
    return "../shared/data" in line
