"""The runs of a plan made: only what is missing, several at a time, one that fails leaving the others."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import connection
from pathlib import Path
from typing import TextIO

import torch

from medai._discovery import configure, wanted
from medai._engine.apply import evaluate_part
from medai._engine.execute import came_to_nothing
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import resume, start
from medai._memory import ran_out_of_memory
from medai._reproduce.plan import Job, Part
from medai._results.folder import RunFolder
from medai.errors import MedaiError, MemoryFault

FINISHED = "finished"


@dataclass(frozen=True)
class Outcome:
    """What came of a job: nothing said where all went well, else why and the exit code of its class."""

    key: str
    seconds: float
    failure: str = ""
    code: int = 0


def folder_of(root: Path, key: str) -> RunFolder:
    """The run's folder, among those of the same `--out`: tables share their runs."""
    return RunFolder(root / "runs" / key)


def measured(root: Path, key: str, part: Part) -> RunFolder:
    """The folder that holds what a run reached on a part: its own, or an evaluation's."""
    run = folder_of(root, key)
    return run if part.own else RunFolder(run.root / "evaluations" / part.folder)


def is_finished(run: RunFolder) -> bool:
    """Whether a run was made to its end."""
    return run.record.exists() and run.read_record()["status"] == FINISHED


def is_done(root: Path, job: Job) -> bool:
    """Whether nothing of a job is missing."""
    return is_finished(folder_of(root, job.key)) and all(measured(root, job.key, part).summary.exists() for part in job.parts)


def carry_out(job: Job, root: Path, options: Options, listener: Listener) -> None:
    """Make a run, or the rest of it, and measure it on each of its parts.

    Raises:
        MedaiError: as `medai run`.
    """
    run = folder_of(root, job.key)
    if not run.record.exists():
        try:
            start(job.configuration, replace(options, seed=job.seed), run, listener)
        except BaseException as error:
            if came_to_nothing(run, error):
                shutil.rmtree(run.root, ignore_errors=True)
            raise
    elif not is_finished(run):
        resume(run, listener, device=options.device, workers=options.workers)
    for part, slots in job.parts.items():
        place = measured(root, job.key, part)
        if place.summary.exists():
            continue
        # Under another name until it is whole: a folder with a summary is one that is done.
        making = RunFolder(place.root.with_name(f".{place.root.name}"))
        shutil.rmtree(making.root, ignore_errors=True)
        making.root.mkdir(parents=True)
        evaluate_part(run.root, slots, making, options.device, listener, groups=part.groups, whole=part.whole, workers=options.workers or 0)
        shutil.rmtree(place.root, ignore_errors=True)
        making.root.rename(place.root)


def carry_out_all(
    jobs: Iterable[Job], root: Path, options: Options, *, at_once: int, listener: Listener, done: Callable[[Outcome], None]
) -> None:
    """Carry out jobs, `at_once` at a time; each outcome is told to `done`. One at a time they run in this process, for all to see."""
    waiting = list(jobs)
    if at_once == 1:
        for job in waiting:
            listener.stage(job.title)
            done(_guarded(job, root, options, listener))
            listener.close()
        return
    with ThreadPoolExecutor(at_once) as threads:
        try:
            for outcome in threads.map(lambda job: _apart(job, root, options, at_once), waiting):
                done(outcome)
        except BaseException:
            # Who stops the table stops its runs, which go on from their checkpoints another time.
            threads.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _guarded(job: Job, root: Path, options: Options, listener: Listener) -> Outcome:
    began = time.monotonic()
    failure, code = "", 0
    try:
        carry_out(job, root, options, listener)
    except MedaiError as error:
        failure, code = str(error), error.exit_code
    except Exception as error:
        if ran_out_of_memory(error):
            failure, code = "out of memory", MemoryFault.exit_code
        else:
            failure, code = f"{type(error).__name__}: {error}", 1
    return Outcome(job.key, time.monotonic() - began, failure, code)


def _apart(job: Job, root: Path, options: Options, at_once: int) -> Outcome:
    """A job in a process of its own, which may die without taking the others with it."""
    began = time.monotonic()
    log = root / "logs" / f"{job.key}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    threads = max(1, torch.get_num_threads() // at_once)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_in_process, job, root, options, threads, log, wanted()).result()
        except BrokenProcessPool:
            why = f"its process ended without a word, as for too little memory; see {log}"
            return Outcome(job.key, time.monotonic() - began, why, MemoryFault.exit_code)


def _in_process(job: Job, root: Path, options: Options, threads: int, log: Path, discovery: tuple[bool, tuple[Path, ...]]) -> Outcome:
    end_with_parent()
    torch.set_num_threads(threads)
    configure(no_plugins=discovery[0], files=discovery[1])
    with log.open("a", encoding="utf-8") as file:
        return _guarded(job, root, options, _Log(file))


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however that came: nobody would wait for what it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent.sentinel,), daemon=True).start()


def _wait_and_end(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


class _Log(Listener):
    """Writes down what a run says."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def stage(self, text: str) -> None:
        """A line."""
        print(text, file=self._file, flush=True)

    def warn(self, text: str) -> None:
        """A line."""
        print(f"warning: {text}", file=self._file, flush=True)
