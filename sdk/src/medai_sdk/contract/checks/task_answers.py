"""Checks of a task: outputs of modules as predictions, files, pictures, and the input of `medai predict`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai.api import Spec
from medai.errors import DataError, PluginError
from medai.io import write_image
from medai.tasks import Batch, Image
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.checks.task import perfect
from medai_sdk.contract.subjects.data import read
from medai_sdk.contract.subjects.tasks import TaskSubject
from medai_sdk.contract.trials.comparing import difference, leaves, tensors

_ROUNDING = 1e-4
"""Relative to the largest value, by which what is saved as text may differ."""
_FEWEST_COLOURS = 3
_DOTS = 50
"""Per inch: enough to see whether anything is drawn."""


@check("task.answers-by-a-module", "a module's output becomes one prediction per case, on the CPU, without gradients, which the task takes")
def answers_by_a_module(subject: TaskSubject) -> None:
    for words, output, batch in subject.outputs():
        found = subject.task.predictions(output, batch)
        if len(found) != len(batch.cases):
            raise Broken(f"{words}: {len(found)} predictions for {len(batch.cases)} cases")
        for prediction, sample in zip(found, _samples_of(subject, words), strict=False):
            if any(each.device.type != "cpu" or each.requires_grad for each in tensors(prediction)):
                raise Broken(f"{words}: a prediction is not on the CPU, or holds on to gradients", "end predictions with .detach().cpu()")
            try:
                subject.task.check_prediction(prediction, sample)
            except PluginError as error:
                raise Broken(f"{words}: the task refuses what it makes of a module's output: {error}") from error


@check("task.exports-what-it-answers", "from_tensors(tensors(output)) gives what predictions(output) gives")
def exports_what_it_answers(subject: TaskSubject) -> None:
    tried = False
    for words, output, batch in subject.outputs():
        try:
            named = subject.task.tensors(output)
        except (PluginError, AttributeError):
            continue  # it offers no tensors, or not of so many cases
        tried = True
        _require_tensors(named, words)
        found = subject.task.from_tensors({name: tensor.detach() for name, tensor in named.items()}, batch)
        if difference(found, subject.task.predictions(output, batch)) > 0:
            raise Broken(
                f"{words}: predictions differ from those made of tensors", "let predictions be from_tensors(tensors(output), batch)"
            )
    if not tried:
        raise NotApplicable("it offers no tensors, so that its modules cannot be exported")


@check("task.saves-and-loads", "what save writes beside the stem, load reads as the same prediction")
def saves_and_loads(subject: TaskSubject) -> None:
    for words, held in subject.held:
        for sample, prediction in zip(held, perfect(subject, held), strict=True):
            folder = subject.fresh_folder("saved")
            path = subject.task.save(prediction, sample, folder / sample.case.id)
            written = [each for each in folder.rglob("*") if each.is_file()]
            if written != [path]:
                told = ", ".join(each.name for each in written) or "nothing"
                raise Broken(f"{words}: save says {path.name} and wrote {told}", "write one file, stem and a suffix, and return it")
            if not path.name.startswith(sample.case.id):
                raise Broken(f"{words}: save wrote {path.name} for the stem {sample.case.id}", "put a suffix behind the stem")
            loaded = subject.task.load(path)
            if _apart(loaded, prediction) > _ROUNDING:
                raise Broken(f"{words}: what is loaded of case {sample.case.id} is not what was saved, in {path.name}")


@check("task.refuses-damaged-files", "load raises DataError for a file that is missing, empty or not its own")
def refuses_damaged_files(subject: TaskSubject) -> None:
    _, held = subject.held[0]
    folder = subject.fresh_folder("damaged")
    path = subject.task.save(perfect(subject, held)[0], held[0], folder / "one")
    for words, content in (("missing", None), ("empty", b""), ("not its own", b"\x00\x01 nothing that a task wrote")):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        try:
            subject.task.load(path)
        except DataError:
            continue
        except (Exception, SystemExit) as error:
            raise Broken(f"a file that is {words} gives {type(error).__name__}: {error}", "raise DataError(reason, path)") from error
        raise Broken(f"a file that is {words} is loaded", "raise DataError(reason, path)")


@check("task.draws-a-picture", "draw gives a figure with something in it, with a reference and without")
def draws_a_picture(subject: TaskSubject) -> None:
    from matplotlib import pyplot

    for words, held in subject.held:
        sample, prediction = held[0], perfect(subject, held)[0]
        for given in (sample, replace(sample, reference=None)):
            open_before = pyplot.get_fignums()
            figure = subject.task.draw(given, prediction, {})
            if pyplot.get_fignums() != open_before:
                raise Broken(f"{words}: draw leaves a figure of pyplot open, which stays in memory", "make a matplotlib.figure.Figure")
            colours = len(np.unique(_rendered(figure)))
            if colours < _FEWEST_COLOURS:
                raise Broken(f"{words}: the picture has {colours} colours", "draw input, prediction and reference")


@check("task.opens-files", "open gives the unlabelled cases of files of its inputs, and DataError for a file that is missing")
def opens_files(subject: TaskSubject) -> None:
    spec, folder = subject.entry.spec, subject.fresh_folder("input")
    assert isinstance(spec, Spec)
    tried = False
    for kind in spec.inputs:
        path = _WRITERS[kind](folder) if kind in _WRITERS else None
        if path is None:
            continue
        tried = True
        dataset = subject.task.open([path])
        cases = list(dataset.cases())
        if not cases:
            raise Broken(f"of {path.name} it makes no case")
        sample = read(dataset, cases[0])
        if sample.reference is not None:
            raise Broken(f"of {path.name} it makes a case with a reference", "a sample without a label has reference None")
        subject.task.check(sample)
        Batch.of([sample])
    if not tried:
        raise NotApplicable(f"its spec names no input of medai's own types ({', '.join(_WRITERS)})")
    try:
        subject.task.open([folder / "missing.png"]).cases()
    except DataError:
        return
    raise Broken("of a file that is missing it makes a dataset", "raise DataError(reason, path)")


def _samples_of(subject: TaskSubject, words: str) -> tuple[Any, ...]:
    return next(held for said, held in subject.held if said == words)


def _require_tensors(named: Mapping[str, Any], words: str) -> None:
    wrong = {name: type(each).__name__ for name, each in named.items() if not isinstance(each, torch.Tensor)}
    if wrong or not named:
        raise Broken(f"{words}: tensors gave {wrong or 'nothing'}", "give tensors by name")


def _apart(loaded: Any, saved: Any) -> float:
    """How far two predictions differ in their numbers; where an image comes from is not saved with it."""
    one, other = ([(place, leaf) for place, leaf in leaves(each) if _is_told(place)] for each in (loaded, saved))
    return difference(one, other)


def _is_told(place: str) -> bool:
    return not place.startswith(("origin", "unit", "names"))


def _rendered(figure: Any) -> np.ndarray[Any, Any]:
    """The colour of each pixel, as one number."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(_DOTS)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(canvas.buffer_rgba()).view(np.uint32)


def _image_file(folder: Path) -> Path:
    return write_image(folder / "input.png", Image(torch.linspace(0, 1, 32 * 32).reshape(1, 32, 32), "0..1"))


def _row_file(folder: Path) -> Path:
    path = folder / "input.csv"
    path.write_text("first,second\n1.5,2\n3,\n", encoding="utf-8")
    return path


def _sequence_file(folder: Path) -> Path:
    path = folder / "input.fasta"
    path.write_text(">one\nGGGAAACCC\n", encoding="utf-8")
    return path


_WRITERS = {"image": _image_file, "row": _row_file, "sequence": _sequence_file}
