"""Outcomes as they come, and on a terminal the check that is running."""

from __future__ import annotations

import shutil
import sys

import click

from medai_sdk.contract.outcome import Outcome
from medai_sdk.contract.text import line_of

_CLEAR = "\r\x1b[2K"


class Progress:
    """Prints outcomes to the standard output, and a line that says what is running to the standard error where that is a terminal."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet, self._verbose = quiet, verbose
        self._shows = sys.stderr.isatty()

    def begun(self, kind: str, subject: str, check: str) -> None:
        """A check begins."""
        if self._shows:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"{_CLEAR}{f'{kind} {subject}: {check}'[:width]}")
            sys.stderr.flush()

    def heard(self, outcome: Outcome) -> None:
        """A check has come to its end."""
        lines = [] if self._quiet else list(line_of(outcome, verbose=self._verbose))
        if lines:
            self.clear()
            click.echo("\n".join(lines))

    def clear(self) -> None:
        """Take the line away."""
        if self._shows:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
