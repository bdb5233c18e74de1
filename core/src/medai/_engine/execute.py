"""A request executed in a run folder of its own, which is removed again where it came to nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from medai._engine.configure import Request, configure
from medai._engine.device import agreed, is_first_process, resolve_device
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import start
from medai._results.folder import RunFolder, new_folder
from medai.errors import DataError, EnvironmentFault, UsageError


def execute(request: Request, options: Options, out: Path, listener: Listener) -> tuple[RunFolder, dict[str, Any]]:
    """Run a request in a fresh folder in `out`; the folder, and what `summary.json` holds.

    Raises:
        MedaiError: as `configure` and `start`. A wrong command, data or machine leave no folder unless something was learnt.
    """
    folder = agreed(lambda: new_folder(out, request.name), resolve_device(options.device))
    try:
        configuration = configure(request, stub_root=folder.stub)
        listener.stage(f"{configuration.id}, scale {configuration.scale}, seed {options.seed}: {folder.root}")
        for path, own, ours in configuration.departures:
            listener.stage(f"  {path} = {ours!r} (the recipe: {own!r})")
        return folder, start(configuration, options, folder, listener)
    except BaseException as error:
        if is_first_process() and came_to_nothing(folder, error):
            shutil.rmtree(folder.root)
        raise
    finally:
        listener.close()


def came_to_nothing(folder: RunFolder, error: BaseException) -> bool:
    """Whether there is nothing to look at or to resume: no split yet, or a wrong command, data or machine before anything was learnt."""
    if not folder.split.exists() and not any(folder.root.glob("upstream/*/split.json")):
        return True
    return isinstance(error, UsageError | DataError | EnvironmentFault) and not folder.begun
