"""What one execution works with: its folder and record, its feeds, what a learner is given."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from medai._engine.configure import Configuration
from medai._engine.data import SlotData, part, with_views
from medai._engine.device import accelerator_for
from medai._engine.evaluate import build_metrics
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.listener import Listener
from medai._engine.models import FinishedRun, build_loss, build_task
from medai._engine.options import Options
from medai._results.folder import RunFolder
from medai.api import Train
from medai.io import write_json
from medai.io._faults import FilesWarning
from medai.tasks import Context
from medai.weights._ledger import Taken


class Execution:
    """The state of one execution while it runs."""

    def __init__(
        self,
        configuration: Configuration,
        options: Options,
        folder: RunFolder,
        listener: Listener,
        record: dict[str, Any],
        device: torch.device,
    ) -> None:
        self.configuration, self.options, self.folder, self.listener, self.record = configuration, options, folder, listener, record
        self.recipe, self.device = configuration.recipe, device
        self.task = build_task(self.recipe.task)
        self.metrics = build_metrics(self.recipe.protocol, self.task)
        self.quarantine = Quarantine(options.budget)
        self.accelerator, self.precision = self._accelerate()

    def close(self, status: str, reason: str | None) -> None:
        """Record how the run ended."""
        with suppress(OSError):
            self.folder.scratch.rmdir()  # unless a learner keeps something there
        self._update(status=status, reason=reason, ended=datetime.now(UTC).isoformat(timespec="seconds"))

    def _accelerate(self) -> tuple[Any, str]:
        return accelerator_for(self.device, (self.recipe.train or Train()).precision)

    def _seed_everything(self) -> None:
        random.seed(self.options.seed)
        np.random.seed(self.options.seed % 2**32)
        torch.manual_seed(self.options.seed)
        torch.use_deterministic_algorithms(self.options.deterministic, warn_only=False)

    def _feeds(
        self, slots: list[SlotData], roles: Mapping[str, str], runs: Mapping[str, FinishedRun], *, learning: bool
    ) -> dict[str, CaseFeed]:
        feeds = {}
        for role in ("train", "valid", "test"):
            pool = part(slots, roles, role)
            if not pool.cases():
                continue
            views = self.recipe.train.views if self.recipe.train is not None and role == "train" else ()
            feeds[role] = self._feed(with_views(pool, views, runs), role, shared=role == "train")
            if role == "train":
                # Baselines are tuned on whole cases, without what only training sees.
                feeds["tune"] = self._feed(pool, "tune") if views else feeds["train"]
        if self.recipe.protocol.split.valid == "test":
            if learning:
                self._note("selected on the test part, as the protocol says: the choice of the checkpoint saw the cases of the figures")
            feeds["valid"] = feeds["test"]
        return feeds

    def _feed(self, dataset: Any, name: str, *, shared: bool = False) -> CaseFeed:
        workers = self.options.workers
        if workers is None:
            workers = 0 if self.device.type == "cpu" else min(8, max(1, (torch.get_num_threads() or 2) - 1))
        return CaseFeed(
            dataset,
            self.task,
            part=name,
            seed=self.options.seed,
            workers=workers,
            quarantine=self.quarantine,
            rank=self.accelerator.process_index if shared else 0,
            world=self.accelerator.num_processes if shared else 1,
            pin=self.device.type == "cuda",
        )

    def _context(self) -> Context:
        self.folder.scratch.mkdir(exist_ok=True)
        return Context(
            device=self.device,
            seed=self.options.seed,
            train=self.recipe.train or Train(),
            task=self.task,
            loss=build_loss(self.recipe.loss, self.device),
            accelerator=self.accelerator,
            note=self._note,
            folder=self.folder.scratch,
            compile=self.options.compile,
        )

    def _announce(self) -> None:
        for message in self.quarantine.announce():
            self.listener.warn(f"left out: {message}")

    def _take_weights(self, taken: Taken) -> None:
        """Keep which file of weights something was built from."""
        item = asdict(taken)
        if item in self.record.get("weights", []):
            return
        self._update(weights=[*self.record.get("weights", []), item])
        if taken.source and not taken.stated:
            self._note(f"weights {taken.name}: no SHA-256 is stated to compare with; the file's is {taken.sha256}")

    def _note(self, text: str) -> None:
        self.listener.warn(text)
        self._keep(text)

    def _keep(self, text: str) -> None:
        if text not in self.record["notes"]:  # a resumed run comes by here again
            self._update(notes=[*self.record["notes"], text])

    @contextmanager
    def _keeping_warnings(self) -> Iterator[None]:
        """Whatever data and models warn of meanwhile is said as ever, but once, and stands among the run's notes too."""
        with warnings.catch_warnings():
            shown, said = warnings.showwarning, set[str]()

            def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
                # Python forgets what it has said when filters change, as they do between the stages of a run.
                if category in (UserWarning, FilesWarning):
                    if str(message) in said:
                        return
                    said.add(str(message))
                shown(message, category, *place, **more)
                if category in (UserWarning, FilesWarning):
                    self._keep(message.reason if isinstance(message, FilesWarning) else str(message))

            warnings.showwarning = show
            yield

    def _update(self, **changes: Any) -> None:
        self.record |= changes
        if self.accelerator.is_main_process:
            write_json(self.folder.record, self.record)
