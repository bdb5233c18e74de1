"""medai as a library: components of any plugin by their ids, and recipes executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medai.api._recipes import Recipe
    from medai.tasks import Predictor, Run, Task


def build(id: str, /, **parameters: object) -> Any:
    """Build the dataset, model, loss, metric or exporter called `id` (`plugin/name`, or the short name while it is unique).

    This is how one plugin reuses another's components without importing it. `parameters` are the typed keywords of the target's
    constructor; a value that is a `Use` is built first.

    Raises:
        UsageError: the id is unknown or ambiguous, or a parameter is unknown or of a wrong type; the nearest names are given.
        PluginError: the plugin that offers it could not be loaded, or its target could not be imported.
    """
    from medai._engine.construct import construct

    return construct(id, parameters)


def predictor(id: str, /, task: str, **parameters: object) -> Predictor[Any]:
    """Build the model `id` as a `medai.tasks.Predictor` on the CPU: a plain `torch.nn.Module` gets the engine's adapter.

    `task` is the name or id of the task that it serves. A predictor that learns has `load_state_dict`.

    Raises:
        UsageError, PluginError: as `build`.
    """
    import torch

    from medai._engine.models import build_predictor, build_task
    from medai.api._recipes import Use

    return build_predictor(Use(id, parameters), build_task(task), device=torch.device("cpu"), seed=0)


def task(id: str, /) -> Task[Any, Any, Any]:
    """Build the `medai.tasks.Task` called `id` (`plugin/name`, or the short name while it is unique).

    An exporter opens its files with it: the task turns a batch into a module's arguments, and tensors into predictions.

    Raises:
        UsageError: the id is unknown or ambiguous; the nearest names are given.
        PluginError: the plugin that offers it could not be loaded.
    """
    from medai._engine.models import build_task

    return build_task(id)


def run(
    recipe: str | Path | Recipe,
    /,
    *,
    data: Mapping[str, str | Path] | None = None,
    overrides: Mapping[str, object] | None = None,
    scale: str | None = None,
    out: str | Path = "runs",
    device: str = "auto",
    seed: int = 0,
    stub: bool = False,
) -> Run:
    """Run a recipe as `medai run` does, in silence: train, evaluate, and write a run folder with a report.

    Args:
        recipe: its id, the path of a TOML file, or the recipe itself.
        data: a folder by slot, as `--data NAME=[DATASET:]PATH` takes it; none: the embedded data.
        overrides: values by path, such as `{"train.steps": 100, "model": use("acme/net")}`.
        scale: a named set of overrides; None: `quick` on embedded data, `paper` on others.
        out: where the run folder goes.
        device: `auto`, `cpu`, `cuda`, `cuda:N`, `mps`.
        seed: of weights, order and every case.
        stub: a few steps on stub data in each dataset's raw layout.

    Raises:
        UsageError: the recipe, a key, a value, a scale or a slot is wrong.
        MedaiError: another of its classes, as `medai.errors` describes them: the data, the machine or a plugin is at fault.
    """
    from medai._engine.configure import Request
    from medai._engine.execute import execute
    from medai._engine.listener import Listener
    from medai._engine.models import FinishedRun
    from medai._engine.options import Options

    given = tuple(f"{name}={folder}" for name, folder in (data or {}).items())
    name = str(recipe) if isinstance(recipe, Path) else recipe
    request = Request(name, data=given, scale=scale, stub=stub, overrides=overrides or {})
    folder, _ = execute(request, Options(device=device, seed=seed), Path(out), Listener())
    return FinishedRun.at(folder)


def open_run(folder: str | Path, /) -> Run:
    """The finished run in a folder: its figures, and its model, which predicts.

    Raises:
        DataError: it is no run folder, or the run is not finished.
    """
    from medai._engine.models import FinishedRun
    from medai._results.folder import RunFolder
    from medai.errors import DataError

    found = RunFolder(Path(folder))
    status = found.read_record()["status"]
    if status != "finished":
        raise DataError(f"the run is {status}, not finished", found.root)
    return FinishedRun.at(found)
