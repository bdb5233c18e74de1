"""Checks of an exporter of models."""

from __future__ import annotations

from pathlib import Path

from medai.errors import DataError, MedaiError, UsageError
from medai_sdk.contract.check import Broken, check
from medai_sdk.contract.subjects.exported import ExporterSubject
from medai_sdk.contract.trials.comparing import difference

_CLOSE = 1e-3
"""Of the largest number in the predictions: what arithmetic in another order may make of them."""


@check("exporter.model-in-a-folder-of-its-own", "`write` gives the file to open; it and all else that is written stand in the folder")
def model_in_a_folder_of_its_own(subject: ExporterSubject) -> None:
    folder, path = subject.written.folder, subject.written.path
    if not isinstance(path, Path) or not path.resolve().is_relative_to(folder.resolve()) or not path.exists():
        raise Broken(f"write gave {path!r}, with the folder {folder}", "return the path of the file that `open` takes, inside `folder`")
    outside = [each.name for each in folder.parent.rglob("*") if each.is_file() and not each.is_relative_to(folder)]
    if outside:
        raise Broken(f"{outside[0]} is written outside the folder", "write into `folder` alone")
    empty = [each.name for each in folder.rglob("*") if each.is_file() and not each.stat().st_size]
    if empty:
        raise Broken(f"{empty[0]} is empty", "write files whole, and no others")


@check(
    "exporter.opened-model-agrees", "the model that is opened again predicts what the written one does, for one case and for two at once"
)
def opened_model_agrees(subject: ExporterSubject) -> None:
    written = subject.written
    opened = subject.build().open(written.path)
    if not hasattr(opened, "predict"):
        raise Broken(f"open gave {type(opened).__name__}, which has no predict(batch)", "give a medai.tasks.Predictor")
    limits = tuple(getattr(opened, "limits", ()))
    for batch, wanted in zip(written.batches, written.before, strict=True):
        count = len(batch.cases)
        try:
            found = opened.predict(batch)
        except (DataError, UsageError) as error:
            if count > 1 and limits:
                continue  # it says so
            raise Broken(f"a batch of {count}: {error}", "take batches of any size, or say in `limits` what is not taken") from error
        off = difference(list(wanted), list(found), least=1.0)
        if off > _CLOSE:
            raise Broken(
                f"for a batch of {count} its predictions are {off:.4g} off",
                "write the weights as they are, and all that the answer depends on",
            )


@check("exporter.refuses-models-in-words", "a model that it cannot write it refuses with an error of medai's")
def refuses_models_in_words(subject: ExporterSubject) -> None:
    for words, fault in subject.faults:
        if not isinstance(fault, MedaiError):
            raise Broken(
                f"{words}: {type(fault).__name__}: {fault}", "raise medai.errors.UsageError where a model is not of the kind that it writes"
            )


@check("exporter.leaves-the-model", "the model that it was given is as it was, and predicts what it did before")
def leaves_the_model(subject: ExporterSubject) -> None:
    written, mend = subject.written, "work on a copy.deepcopy of the module"
    # The state of others may hold when it was asked for.
    if written.module is not None and difference(written.weights, dict(written.module.state_dict())):
        raise Broken("its weights are changed", mend)
    wanted = list(written.before[0])
    off = difference(wanted, list(written.predictor.predict(written.batches[0])), least=1.0)
    if off > _CLOSE:
        raise Broken(f"its predictions are {off:.4g} off afterwards", mend)
