"""A model and a batch as calls that can be made again and again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from medai._engine.blame import blamed, name_of
from medai._engine.module import ModuleLearner
from medai._memory import ran_out_of_memory
from medai.tasks import Batch, Predictor, Task, move
from medai.tasks.images_or_rows import tensor_of

Call = Callable[[], object]


def module_of(predictor: object) -> nn.Module | None:
    """The torch module of a predictor, if it is one."""
    found = getattr(predictor, "module", None) if isinstance(predictor, ModuleLearner) else predictor
    return found if isinstance(found, nn.Module) else None


def predicting(predictor: Predictor[Any], batch: Batch[Any, Any], device: torch.device, *, bf16: bool = False) -> Call:
    """What a user waits for: a batch on the CPU to its predictions there; under bf16's autocast where that is wanted.

    The call raises PluginError where the model fails.
    """
    name = name_of(predictor)

    def predict() -> object:
        with blamed(name), _precision(device, bf16):
            return predictor.predict(batch)

    return predict


def forwarding(
    predictor: Predictor[Any], task: Task[Any, Any, Any], batch: Batch[Any, Any], device: torch.device, *, bf16: bool = False
) -> Call | None:
    """The network alone, on what it is called with, which lies on the device already; None where the model is no network, or answers by
    other ways than its forward. It is called once to see."""
    module = module_of(predictor)
    if module is None:
        return None

    def forward() -> object:
        with torch.no_grad(), _precision(device, bf16):
            return module(*given)

    try:
        given = move(task.arguments(batch.to(device)), device)
        forward()
    except Exception as error:
        if ran_out_of_memory(error):
            raise
        return None
    return forward


def as_model(predictor: Predictor[Any], task: Task[Any, Any, Any]) -> Any:
    """What a metric of models is given: the torch module where there is one, which then answers batches too."""
    module: Any = module_of(predictor)
    if module is None or not isinstance(predictor, ModuleLearner):
        return predictor
    if not hasattr(module, "predict"):
        module.predict = functools.partial(_answers, module, task)
    return module


def answering(model: Any, batch: Batch[Any, Any]) -> Call:
    """Asking what a metric of models was given: `predict` where it has that; else its forward, on the pixels or the values.

    Raises:
        PluginError: it has no `predict`, and its input is neither images nor rows.
    """
    if not isinstance(model, nn.Module):
        return lambda: model.predict(batch)
    given = batch.to(device_of(model))
    network: Any = model
    if hasattr(network, "predict"):
        return lambda: network.predict(given)
    tensor = tensor_of(given.inputs)
    return lambda: network(tensor)


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Without gradients and in evaluation mode; each module is then put back into the mode that it was in."""
    modes = {each: each.training for each in model.modules()} if isinstance(model, nn.Module) else {}
    try:
        if isinstance(model, nn.Module):
            model.eval()
        with torch.no_grad():
            yield
    finally:
        for each, training in modes.items():
            each.training = training


def device_of(module: nn.Module) -> torch.device:
    """Where a module stands; the CPU where it holds nothing."""
    return next((each.device for each in (*module.parameters(), *module.buffers())), torch.device("cpu"))


def _answers(module: nn.Module, task: Task[Any, Any, Any], batch: Batch[Any, Any]) -> list[Any]:
    return task.predictions(module(*move(task.arguments(batch), device_of(module))), batch)


def _precision(device: torch.device, bf16: bool) -> AbstractContextManager[Any]:
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()
