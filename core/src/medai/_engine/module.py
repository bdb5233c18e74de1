"""The one adapter that makes any `nn.Module` a learner."""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from medai._engine.blame import blamed, model_called
from medai._engine.optim import build_optimizer, build_schedule
from medai._memory import ran_out_of_memory
from medai._words import listed
from medai.api import Train, Use
from medai.errors import MemoryFault, PluginError, UsageError
from medai.tasks import Batch, Context, Feed, Progress, Task, move
from medai.weights._load import misfit

Loss = Callable[..., Any]


_NAMED = 8
"""Cases of a batch that an error names."""


class ModuleLearner:
    """Trains and asks a module.

    The module may offer `training_step(batch, loss, turn)`, `turns` with `parameters_for(turn)`, `predict(batch)` and
    `prepare(train)`; without them it is `loss(module(*arguments), target)`, as the task says.
    """

    def __init__(self, module: nn.Module, task: Task[Any, Any, Any], use: Use) -> None:
        # Any: which of the optional methods a module has is asked, not declared.
        self.module: Any = module
        self.use = use
        self._task = task
        self._device = torch.device("cpu")
        self._resumed: Mapping[str, Any] | None = None
        self._training: _Training | None = None

    def to(self, device: torch.device) -> ModuleLearner:
        """The learner with its module on `device`."""
        self._device = device
        self.module.to(device)
        return self

    def predict(self, batch: Batch[Any, Any]) -> list[Any]:
        """One prediction per case, in float32 and in evaluation mode."""
        self.module.eval()
        on_device = batch.to(self._device)
        with torch.no_grad():
            if hasattr(self.module, "predict"):
                answers: list[Any] = self.module.predict(on_device)
                return answers
            # Letters are on no device: what a task makes of them is moved here.
            given = move(self._task.arguments(on_device), self._device)
            return self._task.predictions(self.module(*given), on_device)

    def fit(self, train: Feed[Any, Any], valid: Feed[Any, Any] | None, context: Context) -> Iterator[Progress]:
        """Train by steps; each yield follows a whole step."""
        self.to(context.device)
        if self._resumed is None and hasattr(self.module, "prepare"):
            self.module.prepare(train)
            self.module.to(context.device)
        self._training = _Training(self.module, self._task, len(train), context, model_called(self.use))
        if self._resumed is not None:
            self._training.load_state_dict(self._resumed)
        try:
            yield from self._training.run(train)
        finally:
            self._training.release()

    def state_dict(self) -> dict[str, Any]:
        """The module's state and, while it learns, that of its training."""
        state: dict[str, Any] = {"module": dict(self.module.state_dict())}
        return state if self._training is None else state | {"training": self._training.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state; `fit` then goes on from there.

        Raises:
            PluginError: it is that of another network.
        """
        if "module" not in state:
            raise PluginError(f"{self.use.id}: the checkpoint is of a model that is no network")
        try:
            self.module.load_state_dict(state["module"])
        except RuntimeError as error:
            difference = misfit(self.module, state["module"]) or error
            raise PluginError(f"{self.use.id}: the checkpoint is of another network: {difference}") from error
        self._resumed = state.get("training")


class _Training:
    """Optimisers, schedules and position of one training."""

    def __init__(self, module: nn.Module, task: Task[Any, Any, Any], items: int, context: Context, name: str) -> None:
        self._name = name
        train, self._context, self._module = context.train, context, module
        self._turns: tuple[str, ...] = tuple(getattr(module, "turns", ())) or ("all",)
        self._parameters = _parameters_by_turn(module, self._turns, name)
        self._everything = [parameter for found in self._parameters.values() for parameter in found]
        self._batches = math.ceil(items / train.batch)
        self._total = _total_steps(train, self._batches)
        self._optimizers = {turn: build_optimizer(_for_turn(train, turn), found) for turn, found in self._parameters.items()}
        advances = self._total if train.schedule_every == "step" else math.ceil(self._total / self._batches)
        # Turns share the steps out: a turn's schedule advances when the turn comes.
        share = {turn: self._turns.count(turn) / len(self._turns) for turn in self._optimizers}
        self._schedules = {
            turn: build_schedule(train, optimizer, math.ceil(advances * (share[turn] if train.schedule_every == "step" else 1)))
            for turn, optimizer in self._optimizers.items()
        }
        self._has_batch_norm = any(isinstance(part, _BatchNorm) for part in module.modules())
        self._step = self._epoch = self._batch = 0
        self._micro = 1
        # Prepared, it runs under autocast where the precision asks for it.
        self._forward = context.accelerator.prepare(_Step(module, task, context.loss))
        self._compiled: Callable[..., Any] | None = torch.compile(self._forward) if context.compile else None

    def run(self, feed: Feed[Any, Any]) -> Iterator[Progress]:
        """Steps until the last one, from wherever the position is."""
        train = self._context.train
        while self._step < self._total:
            began = self._step
            parts: list[Batch[Any, Any]] = []
            expected = self._parts_of(self._batch, len(feed))
            seen = 0
            for batch in feed.batches(self._epoch, train.batch, start=self._batch, micro=self._micro):
                seen += 1
                if batch is not None:
                    parts.append(batch)
                if seen < expected:
                    continue
                losses = self._guarded_step(parts) if parts else None
                if parts and losses is None:
                    break  # out of memory: the epoch goes on from this batch, in smaller parts
                cases = tuple(case.id for part in parts for case in part.cases)
                self._batch += 1
                parts, seen = [], 0
                if losses is not None:
                    self._step += 1
                end = self._batch >= self._batches
                if end:
                    self._end_epoch()
                if losses is not None or end:
                    # The end of an epoch counts, even if its last batch could not be read.
                    yield Progress(self._step, self._epoch, end, losses or {}, cases, self._total)
                if end or self._step >= self._total:
                    break
                expected = self._parts_of(self._batch, len(feed))
            if self._step == began and self._batch == 0 and not parts:
                raise PluginError("an epoch passed without a step: no batch held a case that could be used")

    def release(self) -> None:
        """Undo what the last turn froze."""
        for parameter in self._everything:
            parameter.requires_grad_(True)

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed training needs."""
        return {
            "position": [self._step, self._epoch, self._batch, self._micro],
            "optimizers": {turn: optimizer.state_dict() for turn, optimizer in self._optimizers.items()},
            "schedules": {turn: _plain(schedule) for turn, schedule in self._schedules.items() if schedule is not None},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state."""
        self._step, self._epoch, self._batch, self._micro = state["position"]
        for turn, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state["optimizers"][turn])
            schedule = self._schedules[turn]
            if schedule is not None:
                _load_plain(schedule, state["schedules"][turn])

    def _guarded_step(self, parts: Sequence[Batch[Any, Any]]) -> dict[str, torch.Tensor] | None:
        """A step; None when memory ran out and the batch is to be given again in smaller parts."""
        try:
            return self._take_step(parts)
        except (MemoryError, RuntimeError) as error:
            if not ran_out_of_memory(error):
                raise
            names = [case.id for part in parts for case in part.cases]
            cases = len(names)
            if not self._context.train.halve_batch or self._has_batch_norm or len(self._turns) > 1 or self._micro >= cases:
                told = f"{self._context.device} has too little memory for a batch of {cases}"
                shown = names if cases <= _NAMED else [*names[:_NAMED], f"{cases - _NAMED} more"]
                raise MemoryFault(f"{told} ({listed(shown)}): {error}") from error
        for optimizer in self._optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        self._micro *= 2
        self._context.note(f"out of memory: batches of {self._context.train.batch} are given in {self._micro} parts and accumulated")
        return None

    def _take_step(self, parts: Sequence[Batch[Any, Any]]) -> dict[str, torch.Tensor]:
        context = self._context
        turn = self._turns[self._step % len(self._turns)]
        # Dropout and the like draw from torch's own generator: seeded by the step, a resumed run draws the same.
        _seed_torch(context.seed * 1_000_003 + self._step, context.device)
        optimizer = self._optimizers[turn]
        if len(self._turns) > 1:
            chosen = {id(parameter) for parameter in self._parameters[turn]}
            for parameter in self._everything:
                parameter.requires_grad_(id(parameter) in chosen)
        if not self._module.training:
            self._module.train()
        losses: dict[str, torch.Tensor] = {}
        for part in parts:
            with blamed(self._name):
                found = self._losses(part.to(context.device), turn)
                if len(parts) > 1:
                    weight = len(part.cases) / sum(len(each.cases) for each in parts)
                    found = {name: value * weight for name, value in found.items()}
                context.accelerator.backward(_summed(found.values()))
            for name, value in found.items():
                losses[name] = losses[name] + value.detach() if name in losses else value.detach()
        if context.train.clip is not None:
            context.accelerator.clip_grad_norm_(self._parameters[turn], context.train.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        self._advance(turn, "step")
        return losses

    def _losses(self, batch: Batch[Any, Any], turn: str) -> dict[str, torch.Tensor]:
        if self._compiled is not None:
            try:
                found: dict[str, torch.Tensor] = self._compiled(batch, turn)
                return found
            except Exception as error:
                if ran_out_of_memory(error):
                    raise
                self._compiled = None
                self._context.note(f"torch.compile failed ({type(error).__name__}): going on without it")
        losses: dict[str, torch.Tensor] = self._forward(batch, turn)
        return losses

    def _advance(self, turn: str, when: str) -> None:
        schedule = self._schedules[turn]
        if schedule is not None and self._context.train.schedule_every == when:
            schedule.step()

    def _end_epoch(self) -> None:
        self._epoch, self._batch = self._epoch + 1, 0
        for turn in self._optimizers:
            self._advance(turn, "epoch")

    def _parts_of(self, batch: int, items: int) -> int:
        """Into how many parts the feed gives this batch; the last of an epoch may be smaller."""
        size = min(self._context.train.batch, items - batch * self._context.train.batch)
        size = max(1, len(range(self._context.accelerator.process_index, size, self._context.accelerator.num_processes)))
        return math.ceil(size / math.ceil(size / self._micro))


class _Step(nn.Module):
    """One training step as a forward, so that what wraps the module for several GPUs sees it."""

    def __init__(self, module: nn.Module, task: Task[Any, Any, Any], loss: Loss | None) -> None:
        super().__init__()
        self.module: Any = module
        # In a tuple, a loss that is itself a module is no child: its frozen networks are neither trained nor switched to training mode.
        self._held = (task, loss)
        self._steps_itself = hasattr(module, "training_step")

    def forward(self, batch: Batch[Any, Any], turn: str) -> dict[str, torch.Tensor]:
        task, loss = self._held
        if self._steps_itself:
            found = self.module.training_step(batch, loss, turn)
        elif loss is None:
            raise UsageError(f"{type(self.module).__name__} has no loss of its own: the recipe must name one")
        else:
            device = next(self.module.parameters()).device
            found = loss(self.module(*move(task.arguments(batch), device)), move(task.target(batch), device))
        return dict(found) if isinstance(found, Mapping) else {"loss": found}


def _seed_torch(seed: int, device: torch.device) -> None:
    """As `torch.manual_seed` for the devices in use; that also looks at the others and notes the caller, which costs 0.1 ms and more."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def _summed(losses: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum, without adding to a zero first."""
    return functools.reduce(operator.add, losses)


def _parameters_by_turn(module: nn.Module, turns: Sequence[str], name: str) -> dict[str, list[nn.Parameter]]:
    """The parameters that each turn trains: never one that the module has frozen."""
    find = getattr(module, "parameters_for", lambda turn: module.parameters())
    found = {turn: [parameter for parameter in find(turn) if parameter.requires_grad] for turn in dict.fromkeys(turns)}
    empty = [turn for turn, parameters in found.items() if not parameters]
    if empty:
        raise PluginError(f"{name} has no trainable parameter for the turn {listed(empty)}")
    return found


def _for_turn(train: Train, turn: str) -> Use:
    if turn not in train.optimizers and "all" not in train.optimizers:
        raise UsageError(f"train.optimizers has no optimiser for the turn {turn!r}: it names {listed(train.optimizers)}")
    return train.optimizers.get(turn) or train.optimizers["all"]


def _total_steps(train: Train, batches: int) -> int:
    if train.steps is not None:
        return train.steps
    if train.epochs is None:
        raise UsageError("train gives neither steps nor epochs")
    return train.epochs * batches


def _plain(schedule: Any) -> dict[str, Any]:
    """A schedule's state without its functions; those of schedules within a sequence included."""
    state = {key: value for key, value in schedule.state_dict().items() if not key.startswith("_schedulers") and key != "lr_lambdas"}
    inner = getattr(schedule, "_schedulers", ())
    return state | ({"inner": [_plain(item) for item in inner]} if inner else {})


def _load_plain(schedule: Any, state: Mapping[str, Any]) -> None:
    for key, value in state.items():
        if key != "inner":
            present = getattr(schedule, key, None)
            # The milestones of MultiStepLR, which a file holds as a plain mapping.
            setattr(schedule, key, Counter(value) if isinstance(present, Counter) else value)
    for item, inner in zip(getattr(schedule, "_schedulers", ()), state.get("inner", ()), strict=True):
        _load_plain(item, inner)
