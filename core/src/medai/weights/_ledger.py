"""Which files of weights were taken, told to whoever keeps the record of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """A file of weights that something was built from.

    Attributes:
        name: of the published weights, or of a user's file.
        sha256: of the file as it was found, in hex.
        license, source: of the published weights; empty for a user's file.
        stated: whether the weights state a SHA-256, which the file then has.
    """

    name: str
    sha256: str
    license: str = ""
    source: str = ""
    stated: bool = False


_LISTENER: ContextVar[Callable[[Taken], None] | None] = ContextVar("medai_weights_taken", default=None)


@contextmanager
def recorded(listener: Callable[[Taken], None]) -> Iterator[None]:
    """Tell `listener` of every file of weights that is taken in the block."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def tell(taken: Taken) -> None:
    """Say that a file of weights was taken."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(taken)
