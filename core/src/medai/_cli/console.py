"""What a person sees of a run: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from medai._engine.listener import Listener

_QUIET_SECONDS = 5.0
_MANY = 8
"""Figures on a line; `metrics.jsonl` has all."""


class ConsoleListener(Listener):
    """Writes to stderr, so that stdout holds results alone."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._last_line = 0.0
        # What a library warns of is a line as well, without the place in its source.
        warnings.showwarning = lambda message, *_, **__: self.warn(str(message))

    def stage(self, text: str) -> None:
        """A line for the stage; the bar of the one before ends."""
        self.close()
        self.console.print(f"[bold]{text}[/bold]" if self.console.is_terminal else text, markup=self.console.is_terminal)

    def step(self, step: int, total: int | None, figures: Mapping[str, float]) -> None:
        """Move the bar; elsewhere than on a terminal, a line now and then."""
        shown = _shown(figures)
        if self.console.is_terminal:
            self._move(step, total, shown)
        elif time.monotonic() - self._last_line >= _QUIET_SECONDS or step == total:
            self._last_line = time.monotonic()
            self.console.print(f"  step {step}{f'/{total}' if total else ''}  {shown}", markup=False)

    def validated(self, step: int, figures: Mapping[str, float], best: bool) -> None:
        """A line for the figures."""
        self.console.print(f"  step {step}  validation  {_shown(figures)}{'  best' if best else ''}", markup=False)

    def warn(self, text: str) -> None:
        """A line that stands out."""
        self.console.print(f"warning: {text}", style="yellow" if self.console.is_terminal else None, markup=False)

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _move(self, step: int, total: int | None, shown: str) -> None:
        if self._bar is None:
            columns = (TextColumn("  "), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._task = self._bar.add_task("", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=step, description=shown)


def _shown(figures: Mapping[str, float]) -> str:
    first = list(figures.items())[:_MANY]
    more = f"  and {len(figures) - _MANY} more" if len(figures) > _MANY else ""
    return "  ".join(f"{name} {value:.4g}" for name, value in first) + more
