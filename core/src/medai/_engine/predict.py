"""Answers to unlabelled input: a file each as the task writes them, or as an exporter does, or shown as text."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from medai._discovery import registry
from medai._engine.apply import Opened
from medai._engine.blame import blamed
from medai._engine.construct import signature_of
from medai._engine.data import open_input, open_text, with_views
from medai._engine.device import describe
from medai._engine.evaluate import Answer, answers, notes_of
from medai._engine.exporters import build_exporter
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.listener import Listener
from medai._engine.models import build_task, trained_predictor
from medai._results.folder import safe_name
from medai._words import counted
from medai.api import ExporterSpec
from medai.errors import DataError, EnvironmentFault, MemoryFault, PluginError, UsageError
from medai.io import list_series, write_csv
from medai.io._dicom_file import is_dicom
from medai.io._placing import placing, unwritable
from medai.tasks import Case, Dataset, Predictor, Sample, Task

_COLUMNS = ("case", "status", "file", "input", "reason")


class _OfUnit:
    """Input of the unit that the protocol states: what has none is taken to be of it, unless it names its modality, whose values then
    have no unit (MR); what has another is refused."""

    def __init__(self, source: Dataset[Any, Any], unit: object) -> None:
        self._source, self._unit = source, unit

    def cases(self) -> Sequence[Case]:
        return self._source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        sample = self._source.read(case, rng)
        found = getattr(sample.inputs, "unit", None)
        if self._unit is None or found in (None, self._unit):
            return sample
        modality = "" if sample.origin is None else sample.origin.attributes.get("Modality", "")
        if found == "" and not modality:
            return dataclasses.replace(sample, inputs=dataclasses.replace(sample.inputs, unit=self._unit))
        path = sample.origin.files[0] if sample.origin is not None and sample.origin.files else None
        values = f"its values are in {found}" if found else f"its modality is {modality}"
        raise DataError(f"{values}, the method works in {self._unit}", path)


@dataclass(frozen=True)
class Predicted:
    """The files of answers, and of how many cases how many could not be used."""

    files: list[Path]
    lost: int
    total: int


@dataclass
class _Listing:
    """What becomes of each case: the rows of `predictions.csv`, the key from answers to the files beneath `given`."""

    given: Sequence[Path]
    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, sample: Sample[Any, Any], file: str = "") -> None:
        files = sample.origin.files if sample.origin is not None else ()
        self.rows.append({"case": sample.case.id, "status": "ok", "file": file, "input": self._input(files[0]) if files else ""})

    def _input(self, path: Path) -> str:
        """The file as it is found in the folder that was given; names repeat from folder to folder."""
        inside = [path.relative_to(root) for root in self.given if root != path and path.is_relative_to(root)]
        return (inside[0] if inside and path not in self.given else Path(path.name)).as_posix()

    def find_files(self, files: Sequence[Path]) -> None:
        """Which file holds which case: the first that bears its name or lies in a folder that does; that bears the name of its input, which
        no other input has; that bears the beginning of its name (of a series); else all share the only one. Where no file bears a name
        and there is one for each, they are in the order of the cases."""
        inputs, alike = Counter(_stem(row["input"]) for row in self.rows), {path.stem: path for path in reversed(files)}
        named = {part.split(".")[0]: path for path in reversed(files) for part in reversed(path.parts)}
        for row in self.rows:
            name = safe_name(row["case"].replace(".", "-"))
            found = named.get(name)
            found = alike.get(_stem(row["input"])) if found is None and inputs[_stem(row["input"])] == 1 else found
            found = found or next((path for part, path in named.items() if name.startswith(f"{part}-")), None)
            found = files[0] if found is None and len(files) == 1 else found
            row["file"] = "" if found is None else found.as_posix()
        if len(files) == len(self.rows) and not any(row["file"] for row in self.rows):
            for row, path in zip(self.rows, files, strict=True):
                row["file"] = path.as_posix()

    def write(self, path: Path, quarantine: Quarantine) -> int:
        """Write the list; return how many cases could not be used."""
        files = {key: self._input(file) for key, file in quarantine.files.items()}
        lost = [
            {"case": key.partition(" ")[2], "status": "left out", "input": files.get(key, ""), "reason": reason}
            for key, reason in quarantine.reasons.items()
        ]
        write_csv(path, _COLUMNS, [*self.rows, *lost])
        return len(lost)


def predict_files(
    root: Path,
    paths: Sequence[Path],
    out: Path,
    device: str,
    listener: Listener,
    *,
    workers: int = 0,
    exporter: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    text: Callable[[], str] | None = None,
) -> Predicted:
    """Answer unlabelled input: files, or the text that `text` reads in their place.

    The answers are written by `exporter`, else a file each as the task saves them. A bad case is left out, with its reason in
    `predictions.csv`, which is written where no case could be used, too.

    Raises:
        DataError: there is nothing to read, two cases have one id, or no case can be used.
        UsageError: there is no such exporter, or it is one of models, or the run's task takes no text.
        EnvironmentFault: nothing can be written at `out`.
    """
    opened = Opened.at(root, device)
    recipe = opened.configuration.recipe
    task = build_task(recipe.task)
    built = None if exporter is None else _exporter_of_predictions(exporter, parameters or {}, opened)
    feed = _feed(opened, task, paths, text, workers)
    _warn_of_faults(paths, listener)
    listener.stage(f"{counted(len(feed), 'case')} on {describe(opened.device)}")
    predictor = trained_predictor(opened.folder, opened.device)
    found, listing = answers(predictor, feed, task), _Listing(paths)
    save = _saving(task, recipe.protocol.options)
    try:
        files = _saved(found, save, out, listing) if built is None else _exported(found, built, feed, out, listing)
    except (DataError, MemoryFault, PluginError) as error:
        # What became of each case is worth knowing, but an exporter's files are all there or none; and where it cannot be written, the
        # error is still this one.
        kept = len(listing.rows) if built is None else 0
        if kept or (feed.quarantine.reasons and not listing.rows):
            with suppress(EnvironmentFault):
                listing.write(out / "predictions.csv", feed.quarantine)
                said = f"has the {counted(kept, 'case')} answered until then" if kept else "says why of each case"
                error.add_note(f"{out / 'predictions.csv'} {said}")
        raise
    _tell(predictor, feed, listener)
    lost = listing.write(out / "predictions.csv", feed.quarantine)
    return Predicted([out / path for path in files], lost, lost + len(listing.rows))


def predict_text(
    root: Path,
    paths: Sequence[Path],
    show: Callable[[str], None],
    device: str,
    listener: Listener,
    *,
    workers: int = 0,
    text: Callable[[], str] | None = None,
) -> Predicted:
    """As `predict_files`, but each answer is shown as a text as soon as it is there, and nothing is written.

    Raises:
        UsageError: answers of the run's task are files.
    """
    opened = Opened.at(root, device)
    task_id = opened.configuration.recipe.task
    task = build_task(task_id)
    as_text = getattr(task, "as_text", None)
    if as_text is None:
        raise UsageError(f"answers to {task_id} are files: name a folder for them by -o")
    feed = _feed(opened, task, paths, text, workers)
    _warn_of_faults(paths, listener)
    listener.stage(f"{counted(len(feed), 'case')} on {describe(opened.device)}")
    shown, predictor = 0, trained_predictor(opened.folder, opened.device)
    for sample, prediction in answers(predictor, feed, task):
        try:
            show(as_text(prediction, sample))
            shown += 1
        except DataError as error:
            feed.leave_out(sample.case, error)
    _tell(predictor, feed, listener)
    return Predicted([], len(feed) - shown, len(feed))


def _feed(opened: Opened, task: Task[Any, Any, Any], paths: Sequence[Path], text: Callable[[], str] | None, workers: int) -> CaseFeed:
    """The unlabelled cases of files, or of a text."""
    recipe = opened.configuration.recipe
    source = open_input(recipe, task, paths) if text is None else open_text(recipe, task, text)
    dataset = with_views(_OfUnit(source, recipe.protocol.options.get("unit")), recipe.views, opened.runs)
    feed = CaseFeed(dataset, task, part="input", seed=0, workers=workers, quarantine=Quarantine(1.0))
    _require_own_ids(feed.cases)
    return feed


def _tell(predictor: Predictor[Any], feed: CaseFeed, listener: Listener) -> None:
    """Which cases were left out, and what the predictor says of the others."""
    for message in feed.quarantine.announce():
        listener.warn(f"left out: {message}")
    for text in notes_of(predictor):
        listener.warn(text)


def _require_own_ids(cases: Sequence[Case]) -> None:
    """Of two cases with one id, a dataset may read the same file twice, and one of the answers would take the other's place."""
    places: dict[str, int] = {}
    for place, case in enumerate(cases, start=1):
        first = places.setdefault(case.id, place)
        if first != place:
            raise DataError(
                f"cases {first} and {place} of the {len(cases)} in the input have one id, {case.id!r}: the dataset has to tell them apart"
            )


def _stem(name: str) -> str:
    """A file's name without its suffix; `.nii.gz` counts as one."""
    return Path(name.removesuffix(".gz")).stem


def _warn_of_faults(paths: Sequence[Path], listener: Listener) -> None:
    """Say of each DICOM series why it is no whole volume: its slices can be answered all the same."""
    for root in paths:
        if not root.is_dir():
            continue
        try:
            with warnings.catch_warnings():
                # What is passed over has been said when the input was opened.
                warnings.simplefilter("ignore")
                found = list_series(root)
        except DataError:
            continue  # no DICOM
        for series in found:
            # Planes without a position, such as radiographs, make no volume and need not.
            if series.fault and series.spacing:
                listener.warn(f"series {series.id}: {series.fault}")


def _exporter_of_predictions(name: str, parameters: Mapping[str, Any], opened: Opened) -> Any:
    entry, built = build_exporter(name, parameters, opened)
    if isinstance(entry.spec, ExporterSpec) and entry.spec.of != "predictions":
        raise UsageError(f"{entry.id} writes models, not predictions: medai export RUN --to {entry.id}")
    wanted, task = getattr(entry.spec, "task", ""), opened.configuration.recipe.task
    if wanted and registry().find("task", wanted) != registry().find("task", task):
        raise UsageError(f"{entry.id} writes answers to {wanted}, and the run's task is {task}: medai list exporters")
    return built


def _saving(task: Task[Any, Any, Any], options: Mapping[str, Any]) -> Callable[..., Path]:
    """The task's `save`, given those of the protocol's options that it has a keyword for: an answer then names its classes."""
    free = {name for name, parameter in signature_of(task.save).items() if parameter.default is not parameter.empty}
    return functools.partial(task.save, **{name: value for name, value in options.items() if name in free})


def _saved(found: Iterator[Answer], save: Callable[..., Path], out: Path, listing: _Listing) -> list[Path]:
    taken: set[str] = set()
    for sample, prediction in found:
        files = sample.origin.files if sample.origin is not None else ()
        # DICOM's file names repeat from folder to folder, or are a patient's.
        named = len(files) == 1 and not is_dicom(files[0])
        name = safe_name(files[0].name.split(".")[0] if named else sample.case.id)
        name = name if name not in taken else f"{name}-{len(taken):05d}"
        taken.add(name)
        out.mkdir(parents=True, exist_ok=True)
        listing.add(sample, save(prediction, sample, out / name).name)
    return [Path(row["file"]) for row in listing.rows]


def _exported(found: Iterator[Answer], exporter: Any, feed: CaseFeed, out: Path, listing: _Listing) -> list[Path]:
    """The files of an exporter, relative to `out`; all take their place together."""
    with placing(out) as folder, blamed(f"exporter {type(exporter).__name__}"):
        try:
            written: list[Path] = exporter.write(_usable(found, exporter, feed, listing), folder)
        except OSError as error:
            raise unwritable(out, error) from error
        files = [path.relative_to(folder) for path in written]
    listing.find_files(files)
    return files


def _usable(found: Iterator[Answer], exporter: Any, feed: CaseFeed, listing: _Listing) -> Iterator[Answer]:
    """The answers that the exporter can write; the others are counted as lost."""
    check = getattr(exporter, "check", None)
    for sample, prediction in found:
        try:
            if check is not None:
                check(sample, prediction)
        except DataError as error:
            feed.leave_out(sample.case, error)
            continue
        listing.add(sample)
        yield sample, prediction
