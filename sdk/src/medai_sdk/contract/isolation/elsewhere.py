"""A process of its own, started afresh, in which things are done as in a loader process or in another run: here, a model answers."""

from __future__ import annotations

import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from medai._imports import importing
from medai.api import Use
from medai.tasks import Batch


def answers_elsewhere(use: Use, task: str, state: Path | None, batch: Batch[Any, Any]) -> list[Any]:
    """What the model with this state says of a batch in another process.

    Raises:
        Exception: whatever came up there; also where use, batch or answers cannot be sent from process to process.
    """
    try:
        return process().submit(_answer, use, task, state, batch).result()
    except BrokenProcessPool:
        process.cache_clear()
        raise


@functools.cache
def process() -> ProcessPoolExecutor:
    """One for all that is tried: it takes seconds until it has imported torch."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    with importing():
        import medai._engine.models  # noqa: F401  # torch, and what builds a model


def _answer(use: Use, task: str, state: Path | None, batch: Batch[Any, Any]) -> list[Any]:
    import torch

    from medai._engine.checkpoint import load_state
    from medai._engine.models import build_predictor, build_task
    from medai_sdk.contract.watching.chance import seed_all

    predictor: Any = build_predictor(use, build_task(task), device=torch.device("cpu"), seed=0)
    if state is not None:
        predictor.load_state_dict(load_state(state))
    seed_all(0)
    return list(predictor.predict(batch))
