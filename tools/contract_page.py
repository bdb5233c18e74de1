"""A hook of MkDocs: the checks of the contract, as they are declared, in the page that describes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from medai_sdk.contract.check import Check, all_checks

_PAGE, _MARK = "reference/contract.md", "<!-- checks -->"
_TITLES = {"plugin": "The plugin as a whole", "component": "Every component, recipe and table"}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the tables where the page has its mark."""
    if page.file.src_uri != _PAGE:
        return markdown
    if _MARK not in markdown:
        raise ValueError(f"{_PAGE} has no {_MARK}")
    return markdown.replace(_MARK, tables(all_checks()))


def tables(checks: Iterable[Check]) -> str:
    """A section with a table for each kind of subject, checks in the order in which they are made."""
    of_kind: dict[str, list[Check]] = {}
    for check in checks:
        of_kind.setdefault(check.kind, []).append(check)
    sections = []
    for kind, held in of_kind.items():
        rows = [f"| `{check.name}` | {_cell(check.says)} | {_level(check)} |" for check in held]
        title = _TITLES.get(kind, f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}")
        sections.append("\n".join([f"## {title}", "| check | wants | |", "|---|---|---|", *rows]))
    return "\n\n".join(sections)


def _level(check: Check) -> str:
    return "**must**" if check.level == "must" else "*advice*"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
