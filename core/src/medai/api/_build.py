"""Building a component of any plugin by its id."""

from __future__ import annotations


def build(id: str, /, **parameters: object) -> object:
    """Build the dataset, model, loss, metric or exporter called `id` (`plugin/name`, or the short name while it is unique).

    This is how one plugin reuses another's components without importing it. `parameters` are the typed keywords of the target's
    constructor; a value that is a `Use` is built first.

    Raises:
        UsageError: the id is unknown or ambiguous, or a parameter is unknown or of a wrong type; the nearest names are given.
        PluginError: the plugin that offers it could not be loaded, or its target could not be imported.
    """
    from medai._engine.construct import construct

    return construct(id, parameters)


def predictor(id: str, /, task: str, **parameters: object) -> object:
    """Build the model `id` as a `medai.tasks.Predictor` on the CPU: a plain `torch.nn.Module` gets the engine's adapter.

    `task` is the name or id of the task that it serves. A predictor that learns has `load_state_dict`.

    Raises:
        UsageError, PluginError: as `build`.
    """
    import torch

    from medai._engine.models import build_predictor, build_task
    from medai.api._recipes import Use

    return build_predictor(Use(id, parameters), build_task(task), device=torch.device("cpu"), seed=0)


def task(id: str, /) -> object:
    """Build the `medai.tasks.Task` called `id` (`plugin/name`, or the short name while it is unique).

    An exporter opens its files with it: the task turns a batch into a module's arguments, and tensors into predictions.

    Raises:
        UsageError: the id is unknown or ambiguous; the nearest names are given.
        PluginError: the plugin that offers it could not be loaded.
    """
    from medai._engine.models import build_task

    return build_task(id)
