"""Plain text in lines of 80 characters."""

from __future__ import annotations

import textwrap

_WIDTH = 80
_LABEL = 11


def labelled(label: str, text: str) -> list[str]:
    """A label in a column of its own, and the text beside it."""
    head = f"  {label.ljust(_LABEL)}" if len(label) < _LABEL else f"  {label}  "
    return textwrap.wrap(
        text, _WIDTH, initial_indent=head, subsequent_indent=" " * (_LABEL + 2), break_long_words=False, break_on_hyphens=False
    ) or [head.rstrip()]


def paragraph(text: str, indent: str = "  ", *, item: bool | None = None) -> list[str]:
    """A text with its later lines indented deeper than the first when it is an item of a list: by default, where it is indented."""
    deeper = indent + "  " if (indent != "  " if item is None else item) else indent
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False)
