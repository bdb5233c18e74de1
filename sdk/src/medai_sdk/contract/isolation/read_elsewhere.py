"""Datasets read in a process of its own, started afresh and not forked: as loader processes are on every system."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from medai.api import Use
from medai.tasks import Case, Dataset, Sample
from medai_sdk.contract.check import Broken
from medai_sdk.contract.isolation.elsewhere import process

_SECONDS = 60.0


def read_there(dataset: Dataset[Any, Any], cases: Sequence[Case]) -> list[Sample[Any, Any]]:
    """The cases as a loader's worker reads them with the dataset that is sent to it.

    Raises:
        Broken: the dataset cannot be sent, or not be read there.
    """
    # Each by a dataset of its own, so that none depends on what was read before: with each, the dataset is sent anew.
    return [_done(_read, dataset, case) for case in cases]


def look_there(use: Use) -> tuple[str, list[Case]]:
    """Fingerprint and cases of a dataset that another process builds.

    Raises:
        Broken: it cannot be built there.
    """
    found: tuple[str, list[Case]] = _done(_look, use)
    return found


def _done(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        found, fault = process().submit(_tried, function, *arguments).result(_SECONDS)
    except (BrokenProcessPool, TimeoutError) as error:
        # One that hangs is ended, or this process would wait for it at its own end.
        for child in multiprocessing.active_children():
            child.kill()
        process.cache_clear()
        found, fault = None, f"{type(error).__name__}: {error}"
    except Exception as error:
        raise Broken(
            f"it cannot be sent to a process: {type(error).__name__}: {error}",
            "keep no open files, locks or lambdas in it: open them when they are needed, or leave them out in __getstate__",
        ) from error
    if fault:
        mend = "depend on nothing that another process does not have, such as a variable that another module sets"
        raise Broken(f"in a process of its own: {fault}", mend)
    return found


def _tried(function: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """What came of it, or what was raised, in words: so whatever else is raised came up on the way from process to process."""
    try:
        return function(*arguments), ""
    except (Exception, SystemExit) as error:
        return None, f"{type(error).__name__}: {error}"


def _read(dataset: Dataset[Any, Any], case: Case) -> Sample[Any, Any]:
    from medai_sdk.contract.subjects.data import read

    with _as_worker(dataset):
        return read(dataset, case)


def _look(use: Use) -> tuple[str, list[Case]]:
    from medai._engine.construct import construct
    from medai._engine.data import fingerprint

    cases = list(construct(use.id, use.params, kind="dataset").cases())
    return fingerprint(use, cases), cases


@contextmanager
def _as_worker(dataset: Any) -> Iterator[None]:
    """While inside, `torch.utils.data.get_worker_info()` says what it says to the second of two workers."""
    from torch.utils.data._utils import worker

    # There is no public way but to start a loader, which takes seconds for each dataset.
    worker._worker_info = worker.WorkerInfo(id=1, num_workers=2, seed=1, dataset=dataset)
    try:
        yield
    finally:
        worker._worker_info = None
