"""One recipe with several seeds: a folder that holds a run for each, and goes on where it was cut off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medai._engine.configure import Configuration, Request, configure, restore
from medai._engine.device import agreed, is_first_process, resolve_device
from medai._engine.document import to_document
from medai._engine.execute import came_to_nothing
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import resume, start
from medai._results.experiment import ExperimentFolder
from medai._results.folder import FORMAT, RunFolder, new_folder
from medai.errors import DataError, EnvironmentFault, MedaiError
from medai.io import write_json


@dataclass(frozen=True)
class Experiment:
    """An experiment that has ended; `failures` are the errors of the seeds that have no figures, by seed."""

    folder: ExperimentFolder
    failures: dict[int, MedaiError] = field(default_factory=dict)


def run_experiment(request: Request, options: Options, seeds: int, out: Path, listener: Listener) -> Experiment:
    """Run a request with `seeds` seeds from `options.seed` on, in a fresh folder in `out`.

    Raises:
        MedaiError: as `execute`. A seed that fails for a cause of its own, such as divergence, leaves the others, and is in `failures`.
    """
    folder = ExperimentFolder(agreed(lambda: new_folder(out, request.name), resolve_device(options.device)).root)
    try:
        configuration = configure(request, stub_root=folder.root / "stub")
        numbers = range(options.seed, options.seed + seeds)
        listener.stage(f"{configuration.id}, scale {configuration.scale}, seeds {numbers[0]} to {numbers[-1]}: {folder.root}")
        for path, own, ours in configuration.departures:
            listener.stage(f"  {path} = {ours!r} (the recipe: {own!r})")
        record = {
            "format": FORMAT,
            "recipe": configuration.id,
            "scale": configuration.scale,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "options": to_document(options),
            "seeds": [{"seed": seed, "folder": folder.run(seed).root.name, "status": "waiting", "reason": None} for seed in numbers],
        }
        with _held(folder):
            return _go_on(folder, record, listener, lambda seed, run: start(configuration, replace(options, seed=seed), run, listener))
    except BaseException as error:
        if is_first_process() and not any(not came_to_nothing(folder.run(seed), error) for seed in _begun(folder)):
            shutil.rmtree(folder.root)
        raise
    finally:
        listener.close()


def resume_experiment(
    folder: ExperimentFolder,
    listener: Listener,
    *,
    device: str | None = None,
    workers: int | None = None,
    budget: float | None = None,
) -> Experiment:
    """Go on with the seeds that are not finished: those that were cut off or failed, and those that never began.

    Args:
        folder, listener: where, and whom to tell.
        device, workers, budget: in place of the experiment's own options.

    Raises:
        DataError: the folder holds no experiment, or one of which no seed has begun.
        EnvironmentFault: it is in use.
    """
    record = folder.read_record()
    options = Options(**record["options"]).but_for(device=device, workers=workers, budget=budget)

    def run(seed: int, place: RunFolder) -> None:
        if place.record.exists():
            resume(place, listener, device=device, workers=workers, budget=budget)
        else:
            start(_configuration(folder), replace(options, seed=seed), place, listener)

    try:
        with _held(folder):
            if not folder.missing():
                listener.warn(f"{folder.root} is finished already")
            return _go_on(folder, record, listener, run)
    finally:
        listener.close()


def _go_on(folder: ExperimentFolder, record: dict[str, Any], listener: Listener, run: Callable[[int, RunFolder], object]) -> Experiment:
    """Run each seed that is not finished, and keep in `record` and its file what became of it."""
    failures: dict[int, MedaiError] = {}
    _write(folder, record)
    for item in record["seeds"]:
        if item["status"] == "finished":
            continue
        seed, place = item["seed"], folder.run(item["seed"])
        listener.stage(f"seed {seed}: {place.root}")
        _mark(folder, record, item, "running", None)
        try:
            run(seed, place)
        except MedaiError as error:
            _mark(folder, record, item, "failed", error.reason if isinstance(error, DataError) else str(error))
            if _of_all_seeds(place, error):
                raise
            listener.warn(f"seed {seed} failed: {error}")
            failures[seed] = error
        except BaseException as error:
            _mark(folder, record, item, "stopped", type(error).__name__)
            raise
        else:
            _mark(folder, record, item, "finished", None)
    return Experiment(folder, failures)


def _of_all_seeds(place: RunFolder, error: MedaiError) -> bool:
    """Whether the other seeds would end like this one, or cannot go on without it."""
    # Of several processes one may have failed alone; the others are still within this seed.
    together = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return together or isinstance(error, EnvironmentFault) or came_to_nothing(place, error)


def _configuration(folder: ExperimentFolder) -> Configuration:
    """The configuration that the seeds have in common."""
    for seed in _begun(folder):
        return restore(folder.run(seed).read_record())
    raise DataError("no seed of the experiment has begun: run the recipe again", folder.root)


def _begun(folder: ExperimentFolder) -> list[int]:
    if not folder.exists:
        return []
    return [item["seed"] for item in folder.read_record()["seeds"] if folder.run(item["seed"]).record.exists()]


def _mark(folder: ExperimentFolder, record: dict[str, Any], item: dict[str, Any], status: str, reason: str | None) -> None:
    item |= {"status": status, "reason": reason}
    _write(folder, record)


def _write(folder: ExperimentFolder, record: dict[str, Any]) -> None:
    if is_first_process():
        write_json(folder.record, record)


def _held(folder: ExperimentFolder) -> AbstractContextManager[None]:
    """The folder's lock; of several processes, the first holds it for all."""
    return RunFolder(folder.root).locked() if is_first_process() else nullcontext()
