"""Datasets read in a process of its own, started afresh and not forked: as loader processes are on every system."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from medai.api import Use
from medai.tasks import Case, Dataset, Sample
from medai_sdk.contract.check import Broken
from medai_sdk.contract.isolation.elsewhere import process

_SECONDS = 60.0


def read_there(dataset: Dataset[Any, Any], cases: Sequence[Case]) -> list[Sample[Any, Any]]:
    """The cases as another process reads them with the dataset that is sent to it.

    Raises:
        Broken: the dataset cannot be sent, or not be read there.
    """
    try:
        sent = pickle.dumps(dataset)
    except Exception as error:
        raise Broken(
            f"it cannot be sent to a process: {type(error).__name__}: {error}",
            "keep no open files, locks or lambdas in it: open them when they are needed, or leave them out in __getstate__",
        ) from error
    found: list[Sample[Any, Any]] = pickle.loads(_done(_read, sent, list(cases)))  # noqa: S301  bytes of our own process
    return found


def look_there(use: Use) -> tuple[str, list[Case]]:
    """Fingerprint and cases of a dataset that another process builds.

    Raises:
        Broken: it cannot be built there.
    """
    found: tuple[str, list[Case]] = _done(_look, use)
    return found


def _done(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return process().submit(function, *arguments).result(_SECONDS)
    except Exception as error:
        if isinstance(error, BrokenProcessPool | TimeoutError):
            # One that hangs is ended, or this process would wait for it at its own end.
            for child in multiprocessing.active_children():
                child.kill()
            process.cache_clear()
        mend = "depend on nothing that another process does not have, such as a variable that another module sets"
        raise Broken(f"in a process of its own: {type(error).__name__}: {error}", mend) from error


def _read(sent: bytes, cases: Sequence[Case]) -> bytes:
    # As bytes both ways: tensors are otherwise handed over as shared memory, which ends with their process.
    from medai_sdk.contract.subjects.data import read

    # Each by a dataset of its own, so that none depends on what was read before.
    return pickle.dumps([read(pickle.loads(sent), case) for case in cases])  # noqa: S301  bytes of our own process


def _look(use: Use) -> tuple[str, list[Case]]:
    from medai._engine.construct import construct
    from medai._engine.data import fingerprint

    cases = list(construct(use.id, use.params, kind="dataset").cases())
    return fingerprint(use, cases), cases
