"""Which parameters nothing can teach: their gradient is 0 not only where training begins, but wherever they and the inputs may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from medai.tasks import Batch
from medai_sdk.contract.subjects.component import ModelSubject
from medai_sdk.contract.subjects.steps import BATCH, loss_of, prepared, step_of, turns_of
from medai_sdk.contract.trials.comparing import tensors

_TRIES = 8
"""Of which each makes a unit behind a ReLU wake up in one case of two."""


def numb(subject: ModelSubject, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the parameters, whose gradient is 0 in the first steps, for which it stays so with other values of all parameters, with
    larger inputs, and for any slope of the outputs.

    Sound ones may well begin at 0: behind a layer that starts at zero, behind a ReLU that is asleep, or where the few cases hold nothing
    for them to find. So only those are told of which an output is made when the module is called with what the task makes of a batch: of
    others, what they do can be seen in the losses of a few cases alone.
    """
    left, batch, used = set(names), subject.batch(BATCH), set[str]()
    for seed in range(_TRIES):
        if not left:
            break
        module, draw = prepared(subject).module, torch.Generator().manual_seed(seed)
        _shake(module, draw)
        named = {name: parameter for name, parameter in module.named_parameters() if name in left}
        for value, is_output in _values(subject, module, batch, draw):
            found = dict(zip(named, torch.autograd.grad(value, list(named.values()), allow_unused=True), strict=True))
            used |= {name for name, slope in found.items() if is_output and slope is not None}
            left -= {name for name, slope in found.items() if slope is not None and bool(slope.any())}
            named = {name: parameter for name, parameter in named.items() if name in left}
            if not left:
                break
    return tuple(name for name in names if name in left & used)


def _shake(module: torch.nn.Module, draw: torch.Generator) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad and parameter.is_floating_point():
                size = float(parameter.abs().mean()) or 0.1
                parameter.add_(size * torch.randn(parameter.shape, generator=draw))


def _values(subject: ModelSubject, module: Any, batch: Batch[Any, Any], draw: torch.Generator) -> Iterator[tuple[torch.Tensor, bool]]:
    """Numbers that come of the parameters: outputs, each weighed by chance, of the batch and of one twice as large, and losses; and
    whether it is an output."""
    given = subject.task.arguments(batch)
    for arguments in (given, [_doubled(each) for each in given]):
        try:
            module.train()
            outputs = [each for each in tensors(module(*arguments)) if each.requires_grad]
            if outputs:
                yield sum((each * torch.randn(each.shape, generator=draw)).sum() for each in outputs), True  # type: ignore[misc]
        except Exception:
            continue
    for turn in turns_of(module):
        try:
            total = step_of(subject, module, loss_of(subject), batch, turn)
        except Exception:
            continue
        if total.requires_grad:
            yield total, False


def _doubled(argument: Any) -> Any:
    """An image, or a volume, twice as large along each axis: where one token was, there are several."""
    if isinstance(argument, torch.Tensor) and argument.ndim >= 4:
        return argument.repeat(1, 1, *(2 for _ in argument.shape[2:]))
    return argument
