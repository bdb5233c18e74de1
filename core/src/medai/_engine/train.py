"""Driving a learner: the engine logs, validates, saves and stops at the points that the learner yields."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from medai._engine.blame import blamed_items, name_of
from medai._engine.bounds import LAST
from medai._engine.checkpoint import check_finite, load_state, save_again, save_state, take_up
from medai._engine.evaluate import Figure
from medai._engine.feed import Quarantine
from medai._engine.listener import Listener
from medai._results.folder import RunFolder
from medai.api import Train
from medai.errors import DivergedError, EnvironmentFault, PluginError, UsageError
from medai.io import write_text
from medai.tasks import Context, Feed, Progress

LOG_EVERY = 20


@dataclass
class Standing:
    """How far a training is; kept in the checkpoint beside the learner's state."""

    step: int = 0
    epoch: int = 0
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    validated: int = 0
    finished: bool = False


class Journal:
    """`metrics.jsonl`: a line per logged step and per validation; losses wait on the device until they are logged."""

    def __init__(self, path: Path, trained: int, validated: int) -> None:
        self._path, self._waiting = path, []  # type: Path, list[Progress]
        # What was logged after the checkpoint is logged again. A device, such as the null device, is left alone.
        if path.is_file():
            kept = [line for line in self._lines() if line["step"] <= (validated if line["kind"] == "valid" else trained)]
            write_text(path, "".join(f"{json.dumps(line)}\n" for line in kept))

    def begin(self) -> None:
        """Make the file, a sign that something is being learnt."""
        with self._written():
            self._path.open("a", encoding="utf-8").close()

    def hold(self, progress: Progress) -> None:
        """Keep a step's losses until `flush`."""
        if progress.losses:
            self._waiting.append(progress)

    def flush(self, last_good: Path) -> dict[str, float]:
        """Log the mean of the losses held.

        Raises:
            DivergedError: one of them is not finite; names the step, the batch's cases and the last good checkpoint.
        """
        if not self._waiting:
            return {}
        means: dict[str, list[float]] = {}
        for progress, values in zip(self._waiting, _fetch(self._waiting), strict=True):
            for name, value in values.items():
                if not math.isfinite(value):
                    where = f"; the last good checkpoint is {last_good}" if last_good.exists() else "; no checkpoint had been saved"
                    raise DivergedError(f"{name} is {value} at step {progress.step}, cases {', '.join(progress.cases)}{where}")
                means.setdefault(name, []).append(value)
        figures = {name: math.fsum(values) / len(values) for name, values in means.items()}
        self.add("train", self._waiting[-1].step, self._waiting[-1].epoch, figures)
        self._waiting = []
        return figures

    def add(self, kind: str, step: int, epoch: int, figures: Mapping[str, float]) -> None:
        """Append a line."""
        finite = {name: value if math.isfinite(value) else None for name, value in figures.items()}
        with self._written(), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, "step": step, "epoch": epoch, **finite}) + "\n")

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EnvironmentFault(f"{self._path}: not written: {error.strerror or error}") from error

    def _lines(self) -> list[dict[str, Any]]:
        lines = []
        for text in self._path.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                continue  # the line that was being written when the run was killed
        return lines


def drive(
    learner: Any,
    train: Feed[Any, Any],
    valid: Feed[Any, Any] | None,
    context: Context,
    folder: RunFolder,
    validate: Callable[[], Mapping[str, Figure]] | None,
    listener: Listener,
    quarantine: Quarantine,
) -> Standing:
    """Fit a learner to the end, or from its last checkpoint on to the end.

    Raises:
        DivergedError: a loss or a weight is not finite.
        EnvironmentFault: the disk is full.
    """
    standing = Standing()
    if folder.last.exists():
        state = load_state(folder.last)
        standing = Standing(**state["standing"])
        take_up(learner, state["learner"], folder.last)
        quarantine.reasons |= state["quarantine"]
    for leftover in folder.last.parent.glob(".*.safetensors"):
        leftover.unlink()  # of a save that was cut off
    if standing.finished:
        return standing
    plan, main = context.train, context.accelerator.is_main_process
    journal = Journal(folder.journal if main else Path(os.devnull), standing.step, standing.validated)

    total: int | None = None

    def log() -> None:
        figures = journal.flush(folder.last)
        if figures:
            listener.step(standing.step, total or plan.steps, figures)

    def save(path: Path) -> None:
        if main:
            save_state(path, {"standing": asdict(standing), "quarantine": dict(quarantine.reasons), "learner": learner.state_dict()})

    def save_last(best: bool) -> None:
        if main and best:
            save_again(folder.last, folder.best)
        else:
            save(folder.last)

    def check() -> bool:
        """Validate; whether the state is saved as the best."""
        standing.validated = standing.step
        if validate is None:
            return False
        try:
            figures = validate()
        except PluginError:
            # A prediction that breaks the conventions may come from weights that are not finite: then that is what to say.
            check_finite(learner.state_dict())
            raise
        name = plan.select or next(iter(figures))
        if name not in figures and name != LAST:
            raise UsageError(f"train.select = {name!r}: the metrics give {', '.join(figures)}; 'last' keeps the weights at the end")
        better = name != LAST and _improves(figures[name], standing.best)
        standing.stale = 0 if better else standing.stale + 1
        if better:
            standing.best, standing.best_step = figures[name].value, standing.step
            save(folder.best)
        values = {name: figure.value for name, figure in figures.items()}
        journal.add("valid", standing.step, standing.epoch, values)
        listener.validated(standing.step, values, better)
        return better

    def spent() -> bool:
        return plan.patience is not None and standing.stale >= plan.patience

    for progress in () if spent() else blamed_items(lambda: learner.fit(train, valid, context), name_of(learner)):
        if standing.step == 0:
            journal.begin()
        standing.step, standing.epoch, total = progress.step, progress.epoch, progress.total
        journal.hold(progress)
        validating, saving = _due(plan, progress)
        if validating or saving or progress.step % LOG_EVERY == 0:
            log()
            for message in quarantine.announce():
                listener.warn(f"left out: {message}")
        try:
            best = validating and standing.validated != standing.step and check()
            if saving and progress.step != total:  # the end is saved as the end
                save_last(best)
        except DivergedError as error:
            raise DivergedError(f"{error} ({folder.last}); step {progress.step}, cases {', '.join(progress.cases)}") from error
        if spent():
            listener.warn(f"stopped at step {standing.step}: {plan.patience} validations without a better figure")
            break
    log()
    if standing.validated != standing.step or standing.step == 0:
        check()
    standing.finished = True
    save(folder.last)
    return standing


def _due(plan: Train, progress: Progress) -> tuple[bool, bool]:
    """Whether it is time to validate, and to save."""
    validating = progress.end_of_epoch if plan.validate_every is None else progress.step % plan.validate_every == 0
    return validating, validating if plan.save_every is None else progress.step % plan.save_every == 0


def _improves(figure: Figure, best: float | None) -> bool:
    """Whether a figure beats the best so far; what is not a number never does."""
    if math.isnan(figure.value):
        return False
    return best is None or (figure.value > best if figure.better == "higher" else figure.value < best)


def _fetch(waiting: list[Progress]) -> list[dict[str, float]]:
    """The losses as floats, with one transfer from the device."""
    tensors = [value.detach().float() for item in waiting for value in item.losses.values() if isinstance(value, torch.Tensor)]
    fetched = iter(torch.stack(tensors).tolist() if tensors else [])
    return [
        {name: next(fetched) if isinstance(value, torch.Tensor) else float(value) for name, value in item.losses.items()}
        for item in waiting
    ]
