"""Saying whose fault an error is: what a plugin's code raises names the component, and keeps its traceback as the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from medai._memory import ran_out_of_memory
from medai.api import Use
from medai.errors import MedaiError, PluginError

T = TypeVar("T")

NETWORK_FILE = "medai/network-file"
"""The id under which a network of a user's Python file stands."""


@contextmanager
def blamed(what: str, case: str = "") -> Iterator[None]:
    """Errors in the block become PluginErrors that name `what`, and the case that it was at; medai's own errors and a lack of memory pass.

    Raises:
        PluginError: the block raised, or tried to end the process.
    """
    try:
        yield
    except MedaiError:
        raise
    except (Exception, SystemExit) as error:
        if ran_out_of_memory(error):
            raise
        raise PluginError(f"{what} failed{f' on case {case}' if case else ''}: {type(error).__name__}: {error}") from error


def name_of(component: object) -> str:
    """What an error calls a model: its id where the engine adapted it, else its class."""
    use = getattr(component, "use", None)
    return model_called(use) if isinstance(use, Use) else type(component).__name__


def model_called(use: Use) -> str:
    """A model by its id, or a user's own network by its file."""
    own = use.id == NETWORK_FILE
    return f"model {use.params.get('name')} of {use.params.get('file')}" if own else f"model {use.id}"


def blamed_items(give: Callable[[], Iterable[T] | None], what: str) -> Iterator[T]:
    """The items that a plugin's call gives, if any. The errors of both are blamed on it; not those of whoever takes the items."""
    with blamed(what):
        source = iter(give() or ())
    while True:
        with blamed(what):
            try:
                item = next(source)
            except StopIteration:
                return
        yield item
