"""A finished run's model or predictions for use elsewhere; a model passes the gate before its files take their place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import nn

import medai
from medai._discovery import registry
from medai._engine.apply import Opened
from medai._engine.blame import blamed
from medai._engine.data import open_slots, part
from medai._engine.device import describe
from medai._engine.evaluate import build_metrics
from medai._engine.exporters import build_exporter
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.gate import TOLERANCE, Gate, Refused, examine
from medai._engine.listener import Listener
from medai._engine.models import build_task, learns, trained_predictor, without_start
from medai._engine.record import stored_answers
from medai._engine.settle import settled_by
from medai._results.folder import RunFolder, read_json
from medai._words import counted
from medai.api import ExporterSpec
from medai.errors import UsageError
from medai.io import write_json
from medai.io._placing import placing, unwritable
from medai.tasks import Batch, Trained


@dataclass(frozen=True)
class Exported:
    """What an export wrote, and how the gate found it; no gate where predictions were exported."""

    files: tuple[Path, ...]
    gate: Gate | None


def export_run(
    root: Path,
    exporter: str,
    out: Path,
    device: str,
    listener: Listener,
    *,
    parameters: Mapping[str, Any] | None = None,
    tolerance: float = TOLERANCE,
) -> Exported:
    """Export a run's model or its test predictions. A model is opened again and measured on the run's own test cases before its files
    take their place; what changed is kept in `run.json` and beside the files, in `gate.json`.

    Raises:
        UsageError: the exporter does not exist, or it wants a trained model and the run's learns nothing.
        Refused: the exported model cannot be opened or asked, or moves a figure by more than the tolerance; nothing is left at `out`.
        EnvironmentFault: nothing can be written at `out`, or the run is in use.
    """
    opened = Opened.at(root, device)
    entry, built = build_exporter(exporter, parameters or {}, opened)
    if isinstance(entry.spec, ExporterSpec) and entry.spec.of == "predictions":
        task = build_task(opened.configuration.recipe.task)
        _warn_of_missing(opened.folder, listener)
        with placing(out) as folder:
            files = _written(entry.id, lambda: built.write(stored_answers(opened.folder, _test_feed(opened), task), folder), out)
            return Exported(tuple(out / path.relative_to(folder) for path in files), None)
    trained = _trained(opened)
    with opened.folder.locked(), placing(out) as folder:
        listener.stage(f"export as {entry.id}")
        path = _written(entry.id, lambda: built.write(trained, _example(opened), folder), out)
        gate = _gated(opened, built, path, listener, tolerance)
        record = {
            "exporter": entry.id,
            "parameters": dict(parameters or {}),
            "created": _now(),
            "device": describe(opened.device),
            **gate.as_record(),
        }
        write_json(folder / "gate.json", record | {"files": _digests(folder)})
        _remember(opened.folder, record | {"folder": _place_of(out, root)})
        if gate.reason:
            raise Refused(f"{entry.id}: the export is refused: {gate.reason}", gate)
    return Exported((out / path.relative_to(folder),), gate)


def _warn_of_missing(folder: RunFolder, listener: Listener) -> None:
    lost = [item for item in read_json(folder.summary, "the run has no summary.json")["quarantined"] if item["case"].startswith("test ")]
    if lost:
        listener.warn(f"without {counted(len(lost), 'test case')} that the run left out: summary.json names them, with the reason")


def _trained(opened: Opened) -> Trained:
    recipe = opened.configuration.recipe
    predictor: Any = trained_predictor(opened.folder, opened.device)
    if not learns(predictor):
        raise UsageError(f"{recipe.model.id} learns nothing, so there is no model to export; an exporter of predictions can be used")
    module = getattr(predictor, "module", predictor)
    state = {key: value for key, value in predictor.state_dict().items() if key != "training"}
    # Whoever opens the export gives it its weights.
    model = without_start(recipe.model)
    return Trained(model, recipe.task, predictor, module if isinstance(module, nn.Module) else None, state, _about(opened))


def _about(opened: Opened) -> dict[str, str]:
    record, classes = opened.record, opened.configuration.recipe.protocol.options.get("classes")
    return ({"classes": json.dumps(classes, ensure_ascii=False)} if classes else {}) | {
        "recipe": record["recipe"],
        "scale": record["scale"],
        "protocol": record["protocol_hash"],
        "license": getattr(registry().find("model", opened.configuration.recipe.model.id).spec, "license", ""),
        "version": medai.__version__,
    }


def _written(exporter: str, write: Callable[[], Any], out: Path) -> Any:
    with blamed(f"exporter {exporter}"):
        try:
            return write()
        except OSError as error:
            raise unwritable(out, error) from error


def _gated(opened: Opened, exporter: Any, path: Path, listener: Listener, tolerance: float) -> Gate:
    recipe = opened.configuration.recipe
    feed, task = _test_feed(opened), build_task(recipe.task)
    listener.stage(f"export gate: {counted(len(feed), 'test case')} on {describe(opened.device)}")
    # Loaded anew: what the exporter did to the model that it was given must not show in both.
    own, metrics = trained_predictor(opened.folder, opened.device), build_metrics(recipe.protocol, task, settled_by(opened.folder))
    gate = examine(exporter, path, own, feed, task, metrics, device=opened.device, tolerance=tolerance)
    for message in feed.quarantine.announce():
        listener.warn(f"left out: {message}")
    return gate


def _remember(folder: RunFolder, record: Mapping[str, Any]) -> None:
    """Add an export to `run.json`."""
    held = folder.read_record()
    write_json(folder.record, held | {"exports": [*held.get("exports", ()), record]})


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _place_of(out: Path, root: Path) -> str:
    """The folder as the run names it: within the run by its relative path."""
    out, root = out.absolute(), root.absolute()
    return str(out.relative_to(root) if out.is_relative_to(root) else out)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _example(opened: Opened) -> Batch[Any, Any]:
    return Batch.of([next(iter(_test_feed(opened).samples()))])


def _test_feed(opened: Opened) -> CaseFeed:
    recipe = opened.configuration.recipe
    slots = open_slots(recipe, opened.runs)
    roles = read_json(opened.folder.split, "the run has no split.json")["cases"]
    pool, quarantine = part(slots, roles, "test"), Quarantine(opened.budget)
    return CaseFeed(pool, build_task(recipe.task), part="test", seed=opened.record["seed"], workers=0, quarantine=quarantine)
