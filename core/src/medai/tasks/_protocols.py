"""What a dataset, task, loss, metric and exporter must offer, and what a finished run offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np
import torch

from medai.api import Use
from medai.errors import PluginError
from medai.tasks._learning import P, Predictor
from medai.tasks._records import Batch, Case, I, R, Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

S = TypeVar("S")  # one case's sufficient statistics


class Dataset(Protocol[I, R]):
    """A dataset, or a view when the constructor's first parameter is `source`.

    A dataset that reads files takes `root` and offers `write_stub(root, n, seed)`, a static method that fakes `n` cases in the raw
    layout. `single_subject = True` declares that all cases are one subject's.

    A dataset of a layout that medai itself does not read, or whose parameters are needed to read unlabelled files too (which column of
    a table names the case), offers `unlabelled(paths, ...)`, a static method that takes its parameters but `root` and gives a dataset;
    `medai predict` then opens its input with it, in place of the task's `open`. Paths are what the user gave: folders, and files one by
    one, of a case that is several files each as a path of its own. Where such files are text that can be piped, it offers
    `unlabelled_text(text, ...)` likewise, in place of the task's `open_text`.

    A dataset that knows what a recipe would otherwise have to be told offers `facts`, values by their path in the recipe, such as
    `{"model.classes": 3, "folder.classes": ["a", "b", "c"]}`, where `folder` is the dataset itself, so that the run's other data are
    held to it, and `tested.NAME` is `protocol.options.NAME` where cases of the dataset may be tested on: what belongs to the measuring,
    such as which part of an answer is known; where slots differ in it, each slot's value by its name. They fill what recipe and user leave
    open; one for which the component has no parameter is passed over. A view hands on those of its source.

    A dataset that can tell cheaply how like its cases are to others, whatever their groups, offers `alike(ids, others, least)`: of its own
    cases with these `ids`, those that are so like one of `others`, pairs of a dataset and ids of its cases, by id with what they are like
    in words (`tRNA-3, identity 0.97`); `least` is the likeness from which it counts, 0 to 1, and 1 is word for word. It is asked once, when
    the data have been shared out, and what is alike in two parts is a leak (`Split.leaks`).
    """

    def cases(self) -> Sequence[Case]:
        """All cases, cheaply: no pixels are read. Same order at every call."""
        ...

    def read(self, case: Case, rng: np.random.Generator) -> Sample[I, R]:
        """Read one case. All randomness comes from `rng`, which depends on the run's seed, the epoch and the case alone.

        Raises:
            DataError: the case cannot be used; it is quarantined with the reason.
        """
        ...


class Task(Protocol[I, R, P]):
    """What is answered: reference and prediction, their checks, drawing, files and default metrics.

    `arguments`, `target` and `predictions` serve plain modules alone; `tensors` and `from_tensors` serve those of them that are
    exported, and a task need not have them.

    A task that knows why a person should look at a case offers `remarks(sample, prediction, options)`, a sequence of `Remark`, which may be
    empty; `options` are those of `draw`. It is asked for every test case, and the report shows the weightiest of each kind first. One that
    fails costs those pictures, not the run.

    A task whose input can be typed offers `open_text(text)`, a dataset as `open` gives one, of what `medai predict RUN -` reads from
    standard input; one whose answers are short offers `as_text(prediction, sample)`, lines that end in a line break, which are written to
    standard output where no folder is named. `as_text` raises DataError for an answer that text cannot say.

    Attributes:
        reference: the type of a reference; it offers `stack`.
        prediction: the type of a prediction.
        metrics: measured where a protocol names none; the first figure of the first decides which checkpoint is best.
    """

    reference: type[R]
    prediction: type[P]
    metrics: tuple[Use, ...]

    def arguments(self, batch: Batch[I, R]) -> tuple[Any, ...]:
        """What a plain module's forward is called with."""
        ...

    def target(self, batch: Batch[I, R]) -> Any:
        """What a loss compares a plain module's output with."""
        ...

    def predictions(self, output: Any, batch: Batch[I, R]) -> list[P]:
        """A plain module's output as one prediction per case, on the CPU."""
        ...

    def tensors(self, output: Any) -> dict[str, torch.Tensor]:
        """What `predictions` does to a plain module's output before it makes predictions of it, in torch's operations alone, so that
        an exported module holds it too; tensors by name.

        Raises:
            PluginError: modules of this task cannot be exported.
        """
        raise PluginError(f"{type(self).__name__} says no tensors of a module's output, so that its modules cannot be exported")

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[I, R]) -> list[P]:
        """One prediction per case from what an exported module gave, on the CPU: `from_tensors(tensors(output), batch)` is
        `predictions(output, batch)`.

        Raises:
            PluginError: modules of this task cannot be exported, or the tensors do not fit the batch.
        """
        raise PluginError(f"{type(self).__name__} makes no predictions of tensors, so that its modules cannot be exported")

    def perfect(self, samples: Sequence[Sample[I, R]]) -> list[P]:
        """For each sample, all with a reference, the prediction that agrees with it: what a metric gives its best value for, and what an
        exporter is tried with.

        Raises:
            PluginError: reference and prediction are of different types, and the task does not say what agrees.
        """
        if self.reference is not self.prediction:
            raise PluginError(f"{type(self).__name__} does not say which prediction agrees with a reference")
        return [sample.reference for sample in samples]  # type: ignore[misc]

    def check(self, sample: Sample[I, R]) -> None:
        """Raise DataError when the sample breaks the task's conventions (dtype, shape, finite)."""
        ...

    def check_prediction(self, prediction: P, sample: Sample[I, R]) -> None:
        """Raise PluginError when the prediction breaks them."""
        ...

    def draw(self, sample: Sample[I, R], prediction: P, options: Mapping[str, Any]) -> Figure:
        """A picture that a person can judge: input, prediction, reference, difference."""
        ...

    def save(self, prediction: P, sample: Sample[I, R], stem: Path) -> Path:
        """Write one prediction beside `stem` (a path without suffix); return the file written.

        A further keyword with a default that is named as one of the protocol's options, such as `classes`, is given that option.
        """
        ...

    def load(self, path: Path) -> P:
        """Read what `save` wrote."""
        ...

    def open(self, paths: Sequence[Path]) -> Dataset[I, R]:
        """The unlabelled input of `medai predict`."""
        ...


class Loss(Protocol):
    """What training makes small; a component that takes another's loss as a parameter annotates it so."""

    def __call__(self, output: Any, target: Any) -> torch.Tensor | Mapping[str, torch.Tensor]:
        """A scalar, or several by name, which are summed."""
        ...


class Metric(Protocol[S]):
    """A metric of predictions. `better` says which way is good.

    One whose parts make a picture, such as a curve, offers `draw(parts, options)`, a figure of matplotlib, or None where there is nothing
    to draw; `options` are the protocol's, such as the names of the `classes`, and what it has no use for it passes over. It is asked once,
    with the parts of all test cases; the picture lies in the run folder and stands in the report. One that fails costs the picture, not
    the run.

    One with a parameter that is best chosen from data, such as the threshold of a mask, offers `settled(parts)`: parameters of its own
    constructor as a mapping, chosen from the parts of the validation cases. The metric is then built anew with them for the test cases, of
    each predictor with its own, and the run keeps them. It gives its figures in any case: where there is no validation part, or while
    the model still learns, nobody asks it to choose.

    Intervals are drawn over groups of cases. One whose attribute `resampled` is `"cases"` has them over single cases, which are narrower
    where cases of a group are alike, and say nothing of other groups; `medai compare` draws over groups in any case.
    """

    better: Literal["higher", "lower"]

    def case(self, prediction: Any, sample: Sample[Any, Any]) -> S:
        """One case's sufficient statistics."""
        ...

    def total(self, parts: Sequence[S]) -> Mapping[str, float]:
        """The figures of several cases together, by name; of one case too. A figure that is not defined is NaN."""
        ...


class ModelMetric(Protocol):
    """A metric of the model itself."""

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """Figures by name."""
        ...


class TrainingMetric(Protocol):
    """A metric of how a model was trained. A protocol names it beside metrics of predictions; its figures have no interval, and cases have
    none of their own. `better` says which way is good."""

    better: Literal["higher", "lower"]

    def measure(self, journal: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
        """Figures by name, NaN where not defined; `journal` is what `metrics.jsonl` holds: lines with `kind` (`train` or `valid`), `step`,
        `epoch`, and losses or figures by name. It is empty where nothing was learnt by steps."""
        ...


class PredictionExporter(Protocol):
    """Writes predictions for a reader outside medai."""

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write every prediction into `folder`; return the files in the order of the rows, one each, or several.

        `medai predict` lists in `predictions.csv` which file holds which case: one that is named by the case's id, or lies in a folder
        that is, with `-` for every other sign than letters, digits, `-` and `_`; one that bears the name of the case's input, if no other
        input has it; a file that holds all cases; else, where there are as many files as rows, the file in the same place. Of several
        files per row the first of a name counts; without a name it cannot tell, and leaves the column empty.
        """
        ...

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """Raise DataError when this prediction cannot be written; `medai predict` leaves the case out and goes on with the others."""
        return None


@dataclass(frozen=True)
class Remark:
    """Something in a case that a person should look at.

    Attributes:
        kind: what it is one of, such as `missed`; the report shows the weightiest of each kind.
        weight: how much it matters, the largest first, on one scale for all kinds.
        text: the caption, such as `false positive at 0.93`; it names no patient and no file.
    """

    kind: str
    weight: float
    text: str


@dataclass(frozen=True)
class Trained:
    """A trained model as an exporter gets it.

    Attributes:
        use: the model's id and parameters, with which `medai.api.predictor` builds it again.
        task: id of the task.
        predictor: the model as a predictor.
        module: the torch module, when it is one.
        state: what `load_state_dict` of the predictor takes; empty when it learns nothing.
        about: what a file may say of where it comes from: `recipe`, `scale`, `protocol`, the model's `license`, medai's `version`; and
            `classes`, a list in JSON of their names in the order of their indices, where the run knows them.
    """

    use: Use
    task: str
    predictor: Predictor[Any]
    module: torch.nn.Module | None
    state: Mapping[str, Any]
    about: Mapping[str, str] = field(default_factory=dict)


class ModelExporter(Protocol):
    """Writes a model for use outside its run, and opens it again.

    The engine opens what was written and measures it on the run's test cases before the files take their place; an opened model that
    has `to(device)` is moved to the device of the run's own. What one does not take that the run's own does, such as images of another
    size, it may say in `limits`, a tuple of texts, which `medai export` shows and the run keeps.
    """

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write the model; `batch` is an example of its input."""
        ...

    def open(self, path: Path) -> Predictor[Any]:
        """The written model as a predictor."""
        ...


class Run(Protocol):
    """A finished run: what a `RunRef` becomes, and what `medai.api.run` and `medai.api.open_run` give.

    It can be sent to another process; the model is loaded when it first predicts.

    Attributes:
        folder: the run folder.
        trained_groups: groups of its training and validation.
    """

    folder: Path
    trained_groups: frozenset[str]

    @property
    def figures(self) -> Mapping[str, float]:
        """What was measured on its test cases, by name; NaN where it is not defined."""
        ...

    def predict(self, samples: Sequence[Sample[Any, Any]]) -> list[Any]:
        """One prediction per sample, by the run's best weights, on the CPU; the recipe's views are not applied."""
        ...
