"""One execution of a recipe, from its configuration to its report; also the rest of an execution that was cut off."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medai._engine.blame import blamed_items
from medai._engine.configure import (
    Configuration,
    Request,
    chosen_data,
    configure,
    informed,
    renamed_groups,
    restore,
    root_of,
)
from medai._engine.data import (
    SlotData,
    cases_left_out,
    facts_of,
    group_roles,
    open_slots,
    require_unchanged,
    stored_likenesses,
    stored_roles,
)
from medai._engine.described import described
from medai._engine.device import describe, is_first_process, resolve_device
from medai._engine.document import to_document
from medai._engine.evaluate import Figure, Settled, build_metrics, evaluate, notes_of, training_figures
from medai._engine.execution import Execution
from medai._engine.feed import CaseFeed
from medai._engine.listener import Listener
from medai._engine.models import FinishedRun, build_predictor, learns, load_weights, size_of, told_apart
from medai._engine.options import Options
from medai._engine.record import CaseTable, software, stored_answers, summarise
from medai._engine.settle import settle, told
from medai._engine.showing import Remarks, draw_charts
from medai._engine.split_notes import notes_on
from medai._engine.train import Standing, drive
from medai._memory import ran_out_of_memory
from medai._report import write_report
from medai._results.folder import FORMAT, RunFolder, read_json
from medai.errors import DataError, MedaiError, MemoryFault
from medai.io import pseudonym, write_json
from medai.tasks import Metric, Predictor
from medai.weights._ledger import recorded

MODEL = "model"


def start(
    configuration: Configuration, options: Options, folder: RunFolder, listener: Listener, *, report: bool = True
) -> dict[str, Any]:  # fmt: skip
    """Execute a configuration in a fresh folder; return what `summary.json` holds.

    Args:
        configuration, options, folder, listener: what, how, where, and whom to tell.
        report: whether to draw `report.html` too, and the metrics' pictures; without them, the figures are the same.
    """
    device = resolve_device(options.device)
    record = {
        "format": FORMAT,
        "recipe": configuration.id,
        "scale": configuration.scale,
        "status": "running",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": describe(device),
        "seed": options.seed,
        "options": {**to_document(options), "device": str(device)},
        **described(configuration),
        "software": software(),
        "upstream": {},
        "data": {},
        "notes": [],
    }
    with _held(folder):
        if is_first_process():
            write_json(folder.record, record)
        return _guarded(_Run(configuration, options, folder, listener, record, device), report=report)


def resume(
    folder: RunFolder, listener: Listener, *, device: str | None = None, workers: int | None = None, budget: float | None = None
) -> dict[str, Any]:  # fmt: skip
    """Go on with a run that was cut off, to the same figures; return what `summary.json` holds.

    Args:
        folder, listener: where, and whom to tell.
        device, workers, budget: in place of the run's own options.

    Raises:
        DataError: the folder is no run folder, or its data have changed since.
        EnvironmentFault: it is in use.
    """
    record = folder.read_record()
    if record["status"] == "finished":
        listener.warn(f"{folder.root} is finished already")
        return read_json(folder.summary, "the run has no summary.json")
    options = Options(**record["options"]).but_for(device=device, workers=workers, budget=budget)
    # Whoever measures the run again forgives as much.
    record = {**record, "options": {**record["options"], "budget": options.budget}}
    with _held(folder):
        return _guarded(_Run(restore(record), options, folder, listener, record, resolve_device(options.device)), report=True)


def _held(folder: RunFolder) -> AbstractContextManager[None]:
    """The folder's lock; of several processes, the first holds it for all."""
    return folder.locked() if is_first_process() else nullcontext()


def _guarded(execution: _Run, *, report: bool) -> dict[str, Any]:
    try:
        return execution.run(report=report)
    except MedaiError as error:
        execution.close("failed", error.reason if isinstance(error, DataError) else str(error))
        raise
    except Exception as error:
        if ran_out_of_memory(error):
            execution.close("failed", "out of memory")
            raise MemoryFault(f"{execution.device} has too little memory: {error}") from error
        execution.close("failed", f"{type(error).__name__}: {error}")
        raise
    except BaseException as error:
        execution.close("stopped", type(error).__name__)
        raise


class _Run(Execution):
    """An execution, step by step."""

    def run(self, *, report: bool) -> dict[str, Any]:
        """Upstream runs, training, evaluation, baselines, report."""
        with recorded(self._take_weights), self._keeping_warnings():
            return self._run(report)

    def _run(self, report: bool) -> dict[str, Any]:
        self._seed_everything()
        runs = self._upstream(report=report)
        # An upstream run leaves its own precision behind.
        self.accelerator, self.precision = self._accelerate()
        slots = self._heeded(open_slots(self.recipe, runs))
        self._hide_names(slots)
        require_unchanged(slots, self.record["data"])
        fixed = {group: role for run in runs.values() for group, role in group_roles(RunFolder(run.folder)).items()}
        with self.accelerator.main_process_first():
            roles = stored_roles(self.folder, slots, self.recipe, fixed)
        _check_upstream_leak(slots, roles, runs)
        self._update(
            status="running",
            data={slot.name: slot.as_record() for slot in slots},
            precision=self.precision,
            parts={role: sum(found == role for found in roles.values()) for role in sorted(set(roles.values()))},
        )
        members = [member for slot in slots for member in slot.members()]
        for text in notes_on(members, roles, self.recipe.protocol.split, stored_likenesses(self.folder)):
            self._note(text)
        model = build_predictor(self.recipe.model, self.task, device=self.device, seed=self.options.seed, runs=runs)
        feeds = self._feeds(slots, roles, runs, learning=learns(model))
        standing = self._train(model, feeds) if learns(model) else None
        if not self.accelerator.is_main_process:
            return {}
        summary = self._measure(model, standing, feeds, slots, pictures=report)
        if report:
            self.listener.stage("report")
            write_report(self.folder, self.task, lambda ids: stored_answers(self.folder, feeds["test"], self.task, ids))
        self.close("finished", None)
        return summary

    def _heeded(self, slots: list[SlotData]) -> list[SlotData]:
        """The slots, and the configuration with what they say of themselves, such as how many classes there are."""
        before = self.configuration
        self.configuration = informed(before, facts_of(slots))
        if self.configuration is before:
            return slots
        self.recipe = self.configuration.recipe
        # Anew: they may name the classes that the data have.
        self.metrics = build_metrics(self.recipe.protocol, self.task)
        self._update(**described(self.configuration))
        for path, origin in self.configuration.origins.items():
            if path not in before.origins:
                self.listener.stage(f"  {path} from {origin}")
        uses = chosen_data(self.recipe)
        return [replace(slot, use=uses[slot.name][0]) for slot in slots]

    def _hide_names(self, slots: list[SlotData]) -> None:
        """Put pseudonyms in place of patients that the split names as their files do: a run folder names no patient."""
        groups = {case.group for slot in slots for case in slot.cases}
        split = self.recipe.protocol.split
        named = [name for wanted in (split.test, split.valid) if isinstance(wanted, tuple) for name in wanted]
        names = {name: pseudonym(name) for name in named if name not in groups and pseudonym(name) in groups}
        if names:
            self.configuration = renamed_groups(self.configuration, names)
            self.recipe = self.configuration.recipe
            self._update(**described(self.configuration))

    def _upstream(self, *, report: bool) -> dict[str, FinishedRun]:
        for name, recipe in self.recipe.upstream.items():
            given = self.options.upstream.get(name)
            folder = RunFolder(Path(given)) if given else self.folder.upstream(name)
            if given is None:
                self.listener.stage(f"upstream {name}: {recipe}")
                self._run_upstream(recipe, folder, report=report)
            record = folder.read_record()
            if record["status"] != "finished":
                raise DataError(f"the upstream run {name!r} is {record['status']}, not finished", folder.root)
            place = str(folder.root.absolute()) if given else str(folder.root.relative_to(self.folder.root))
            item = {"recipe": record["recipe"], "folder": place, "protocol_hash": record["protocol_hash"]}
            self._update(upstream=self.record["upstream"] | {name: item})
        return {name: FinishedRun.of(self.folder, item) for name, item in self.record["upstream"].items()}

    def _run_upstream(self, recipe: str, folder: RunFolder, *, report: bool) -> None:
        if folder.record.exists():
            if folder.read_record()["status"] != "finished":
                resume(folder, self.listener, device=self.options.device, budget=self.options.budget)
            return
        roots = {name: root_of(slot.folder) for name, slot in self.recipe.data.items()}
        data = tuple(f"{name}={root}" for name, root in roots.items() if root is not None)
        stub = "stub data" in self.configuration.origins.values()
        configuration = configure(Request(recipe, data=data, scale=self._scale_of(recipe), stub=stub), stub_root=folder.stub)
        start(configuration, replace(self.options, upstream={}), folder, self.listener, report=report)

    def _scale_of(self, recipe: str) -> str | None:
        from medai._discovery import registry

        scales = getattr(registry().find("recipe", recipe).spec, "scales", {})
        return self.configuration.scale if self.configuration.scale in scales else None

    def _train(self, model: Any, feeds: Mapping[str, CaseFeed]) -> Standing:
        valid = feeds.get("valid")

        def validate() -> Mapping[str, Figure]:
            assert valid is not None
            return evaluate(model, valid, self.task, self.metrics, with_intervals=False).figures

        self.listener.stage(f"training on {describe(self.device)}, {self.precision}")
        standing = drive(
            model,
            feeds["train"],
            valid,
            self._context(),
            self.folder,
            None if valid is None else validate,
            self.listener,
            self.quarantine,
        )
        self.accelerator.wait_for_everyone()
        load_weights(model, self.folder)
        return standing

    def _measure(
        self, model: Predictor[Any], standing: Standing | None, feeds: Mapping[str, CaseFeed], slots: list[SlotData], *, pictures: bool
    ) -> dict[str, Any]:
        self.listener.stage("evaluation")
        options = self.recipe.protocol.options
        # Of an evaluation that was cut off; what is written now may have other cases.
        shutil.rmtree(self.folder.predictions, ignore_errors=True)
        table, remarks = CaseTable(self.folder, self.task), Remarks(self.task, options, self._note)
        settled, metrics = self._settled(MODEL, model, feeds)
        result = evaluate(model, feeds["test"], self.task, metrics, keep=(table.keep, remarks.add))
        self._announce()
        for text in notes_of(model):
            self._note(text)
        table.add(MODEL, result)
        charts = draw_charts(metrics, result, self.folder, options, self._note) if pictures else []
        result.figures |= training_figures(self.recipe.protocol, self.folder)
        chosen = {MODEL: settled}
        baselines = {}
        # All figures of a table are of the same cases.
        whole = {role: feed.whole() for role, feed in feeds.items()}
        for name, use in told_apart(self.recipe.baselines, self.record["recipe"]).items():
            self.listener.stage(f"baseline {name}")
            baseline = build_predictor(use, self.task, device=self.device, seed=self.options.seed)
            if learns(baseline) and "tune" in feeds:
                self._fit(baseline, feeds, f"baseline {name}")
            try:
                settled, metrics = self._settled(name, baseline, whole)
                found = evaluate(baseline, whole["test"], self.task, metrics)
            except (DataError, MemoryFault) as error:
                self._note(f"baseline {name} is not measured: {error.reason if isinstance(error, DataError) else error}")
                continue
            table.add(name, found)
            chosen[name], baselines[name] = settled, found
        self._announce()
        table.add_quarantined(self.quarantine.reasons)
        without = cases_left_out(slots, self.recipe.protocol.split, stored_likenesses(self.folder))
        table.add_left_out(without)
        table.write()
        selected = (
            None
            if standing is None
            else {"step": standing.best_step if standing.best is not None else standing.step, "steps": standing.step}
        )
        summary = summarise(
            self.record,
            result,
            slots=slots,
            reasons=self.quarantine.reasons,
            left_out=without,
            baselines=baselines,
            model=size_of(model),
            selected=selected,
            charts=charts,
            shown=remarks.as_record(),
            settled=chosen,
        )
        write_json(self.folder.summary, summary)
        return summary

    def _settled(self, name: str, predictor: Predictor[Any], feeds: Mapping[str, CaseFeed]) -> tuple[Settled, list[Metric[Any]]]:
        """What metrics choose for a predictor, said aloud, and the metrics with it."""
        settled, metrics = settle(predictor, feeds.get("valid"), self.task, self.recipe.protocol)
        for line in told(settled):
            self.listener.stage(f"  chosen on validation for {name}: {line}")
        return settled, metrics

    def _fit(self, baseline: Any, feeds: Mapping[str, CaseFeed], name: str) -> None:
        context = self._context()
        for _ in blamed_items(lambda: baseline.fit(feeds["tune"], feeds.get("valid"), context), name):
            pass


def _check_upstream_leak(slots: list[SlotData], roles: Mapping[str, str], runs: Mapping[str, FinishedRun]) -> None:
    for name, run in runs.items():
        for slot in slots:
            for member in slot.members():
                if roles.get(member.key) == "test" and member.case.group in run.trained_groups:
                    raise DataError(
                        f"leak: the upstream run {name!r} was trained on group {member.case.group!r}, which is a test group here"
                    )
