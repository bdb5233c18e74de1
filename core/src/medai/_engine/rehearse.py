"""What a run would do, without doing it: split sizes, and time and memory estimated from a few real steps."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from medai._engine.configure import Configuration, informed
from medai._engine.data import facts_of, open_slots, part, stored_likenesses, stored_roles, with_views
from medai._engine.device import accelerator_for, describe, resolve_device
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.models import build_loss, build_predictor, build_task, learns
from medai._engine.options import Options
from medai._engine.split_notes import notes_on
from medai._results.folder import RunFolder
from medai.api import Train
from medai.tasks import Context

STEPS = 4


@dataclass(frozen=True)
class Rehearsal:
    """What a run would take.

    Attributes:
        configuration: with what the data say of themselves.
        device: in words.
        parts: cases for train, valid and test.
        items: items of the training view in an epoch.
        steps: steps in all, None when the learner alone knows.
        seconds_per_step: measured, on cases that were read before; None when nothing is learned by steps.
        memory: peak bytes of the process, or of the device when it is a GPU.
        notes: what the run would say of its split, and of the cases of those few steps that cannot be used.
        seconds_of_reading: by how much the first reading of all training cases takes longer than later ones, which a cache makes short.
    """

    configuration: Configuration
    device: str
    parts: dict[str, int]
    items: int
    steps: int | None
    seconds_per_step: float | None
    memory: int
    notes: tuple[str, ...] = ()
    seconds_of_reading: float = 0.0

    @property
    def seconds(self) -> float | None:
        """Estimated seconds of training."""
        if self.steps is None or self.seconds_per_step is None:
            return None
        return self.steps * self.seconds_per_step + self.seconds_of_reading


def rehearse(configuration: Configuration, options: Options) -> Rehearsal:
    """Open the data, split them, take a few steps in a scratch folder, and measure. Upstream runs are not made."""
    recipe, device = configuration.recipe, resolve_device(options.device)
    task = build_task(recipe.task)
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        slots = open_slots(replace(recipe, views=()) if recipe.upstream else recipe, {})
        configuration = informed(configuration, facts_of(slots))
        roles = stored_roles(folder, slots, recipe, {})
        sizes = {role: sum(found == role for found in roles.values()) for role in ("train", "valid", "test")}
        members = [member for slot in slots for member in slot.members()]
        notes = tuple(notes_on(members, roles, recipe.protocol.split, stored_likenesses(folder)))
        items, steps, seconds, reading = 0, None, None, 0.0
        if recipe.train is not None and not recipe.upstream:
            dataset = with_views(part(slots, roles, "train"), recipe.train.views, {})
            feed = CaseFeed(dataset, task, part="train", seed=options.seed, workers=0, quarantine=Quarantine(options.budget))
            items = len(feed)
            steps = recipe.train.steps or (recipe.train.epochs or 0) * feed.batch_count(recipe.train.batch) or None
            # The same steps again, which find their cases where the first ones have left them.
            fresh, seconds = (_time_steps(configuration, options, device, feed, folder) for _ in range(2))
            if fresh is not None and seconds is not None:
                reading = max(0.0, fresh - seconds) / recipe.train.batch * sizes["train"]
            notes += tuple(f"left out: {message}" for message in feed.quarantine.announce())
    return Rehearsal(configuration, describe(device), sizes, items, steps, seconds, _peak_memory(device), notes, reading)


def _time_steps(configuration: Configuration, options: Options, device: torch.device, feed: CaseFeed, folder: RunFolder) -> float | None:
    recipe = configuration.recipe
    task = build_task(recipe.task)
    model: Any = build_predictor(recipe.model, task, device=device, seed=options.seed)
    if not learns(model):
        return None
    train = recipe.train or Train()
    accelerator, _ = accelerator_for(device, train.precision)
    context = Context(
        device=device,
        seed=options.seed,
        train=train,
        task=task,
        loss=build_loss(recipe.loss, device),
        accelerator=accelerator,
        note=lambda text: None,
        folder=folder.scratch,
    )
    marks = [time.perf_counter()]
    for progress in model.fit(feed, None, context) or ():
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        marks.append(time.perf_counter())
        if progress.step >= STEPS:
            break
    # The first step also pays for reading and for warming up.
    return (marks[-1] - marks[1]) / (len(marks) - 2) if len(marks) > 2 else None


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
