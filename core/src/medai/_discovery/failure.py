"""What a plugin raised, as text: one line, and its own traceback."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import TracebackType

# The import system's frames and ours lie above the plugin's and tell its author nothing.
_OUTSIDE = ("<frozen importlib", importlib.__file__, str(Path(__file__).parent))
_MOST_FRAMES = 20  # a recursion's traceback has a thousand


def failure_of(error: BaseException) -> tuple[str, str]:
    """An error in one line, and its traceback from the plugin's first frame."""
    import traceback

    said = " ".join(_text(error).split())
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    lines = traceback.format_exception(type(error), error, _from_the_plugin(error.__traceback__), limit=-_MOST_FRAMES)
    return reason, "".join(lines)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error's own text may fail too
        return ""


def _from_the_plugin(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OUTSIDE):
        frames = frames.tb_next
    return frames
