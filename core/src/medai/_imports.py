"""What a command needs, imported without a search for garbage among it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Import in the block what a process of medai's own works with.

    Modules are half a million objects that stay. Python looks through them for garbage again and again while they are made, now and then
    later, and once more at the end: without that a command is a second faster. Where torch is there already, the process may be that of
    another program, whose garbage of before has to be freed some day: there nothing is set aside.
    """
    fresh = "torch" not in sys.modules
    with unsearched():
        yield
        if fresh:
            gc.freeze()


@contextmanager
def unsearched() -> Iterator[None]:
    """Look for no garbage in the block."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()
