"""Recipes: a paper's method, ready to run; components, parameters, data slots, training and protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Use:
    """A component and the parameters that differ from its defaults; `use("plugin/network", channels=32)`.

    In TOML: `{use = "plugin/network", channels = 32}`. A parameter may itself be a `Use` or a `RunRef`.

    Attributes:
        id: the component's id, `plugin/name`, or its short name while that is unique.
        params: keywords of its constructor.
    """

    id: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRef:
    """The run of the recipe that `Recipe.upstream` calls `name`; in TOML `{run = "detect"}`. It arrives as a `medai.tasks.Run`.

    Attributes:
        name: the key in `Recipe.upstream`.
    """

    name: str


def use(id: str, /, **params: object) -> Use:
    """A component by id with parameters, to stand in a recipe."""
    return Use(id, params)


def run_of(name: str) -> RunRef:
    """The upstream run called `name`, to stand as a parameter in a recipe."""
    return RunRef(name)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place for data in a recipe.

    Attributes:
        folder: the dataset that reads a user's folder; `--data NAME=PATH` sets `root` of its innermost `source`.
        embedded: the dataset used when no folder is given; it needs nothing from outside.
        roles: which of `train`, `valid` and `test` its cases may take.
    """

    folder: Use
    embedded: Use | None = None
    roles: tuple[Literal["train", "valid", "test"], ...] = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class Split:
    """How groups (patients, families) are shared out; a group never stands in two parts, unless the protocol splits by case.

    Attributes:
        valid: fraction of the groups for validation, or the groups' names; or `"test"`: the test part is also the one that the best
            checkpoint is selected on, as some papers do, and the run says so.
        test: fraction of the groups for the test, or the groups' names.
        seed: shuffles the groups before they are shared out.
        published: follow the split that the dataset publishes (`Case.split`), where it does. Where it publishes no part for validation,
            `valid` is taken from its training groups.
        gap: cases left out between the blocks of a dataset that is of a single subject.
        by: what is shared out: `"group"`; or `"case"`, as papers do that split by image. Fractions and names are then of cases, a group
            may stand in several parts, and the run says how many do.
        without: cases that are left out of every part, by an attribute of theirs: `"name=value"`, or `"name"` for those whose attribute
            is neither empty nor 0. The run lists them with the reason.
        likeness: of two cases in different parts, from which they are a leak whatever their groups, 0 to 1, where the data can tell: 1 is
            word for word.
        leaks: what becomes of cases for training or validation that are so like one of a later part: an error, they are dropped and
            listed, or they are kept and the run says how many they are. Where they are dropped, `medai evaluate` on other data leaves out
            groups that the run was trained on, too; else such a group is an error.
    """

    valid: float | tuple[str, ...] | Literal["test"] = 0.15
    test: float | tuple[str, ...] = 0.2
    seed: int = 0
    published: bool = True
    gap: int = 1
    by: Literal["group", "case"] = "group"
    without: tuple[str, ...] = ()
    likeness: float = 1.0
    leaks: Literal["error", "drop", "keep"] = "error"


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Evaluation and nothing else; its canonical JSON has a hash, and figures under two hashes are never put in one column.

    Attributes:
        split: how groups are shared out.
        metrics: metrics of the predictions; empty means the task's own.
        options: value range, display window, region of interest and the like, for drawing and for the record.
    """

    split: Split = field(default_factory=Split)
    metrics: tuple[Use, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Train:
    """How a model learns.

    Attributes:
        batch: cases per step.
        steps: steps in all; else `epochs` says. An epoch is one pass over the training view's items.
        epochs: passes over the training items.
        optimizers: a `torch.optim` class by name per turn, or one under `all`, with its parameters.
        schedule: a `torch.optim.lr_scheduler` class by name; a total (`T_max`, `total_steps`, `total_iters`)
            left out is the run's, a `max_lr` left out is the optimiser's rate.
        schedule_every: whether the rate advances by the step or by the epoch.
        warmup: advances, steps or epochs as `schedule_every` says, over which the rate rises linearly; the schedule follows.
        clip: largest norm of the gradient.
        precision: `float32`; `bf16`; or `auto`: bf16 where the card has it.
        validate_every: steps between validations; None: at the end of each epoch.
        save_every: steps between checkpoints; None: at each validation.
        patience: validations without a better figure after which training stops.
        select: the figure that decides which checkpoint is best; None: the first of the first metric. `last`: none does, and the
            weights at the end are kept.
        halve_batch: out of memory, halve the batch and accumulate (never with batch norm or turns, where it is another method).
        views: views over the training data alone (patches, flips).
    """

    batch: int = 8
    steps: int | None = None
    epochs: int | None = None
    optimizers: Mapping[str, Use] = field(default_factory=lambda: {"all": use("Adam")})
    schedule: Use | None = None
    schedule_every: Literal["step", "epoch"] = "step"
    warmup: int = 0
    clip: float | None = None
    precision: Literal["float32", "bf16", "auto"] = "float32"
    validate_every: int | None = None
    save_every: int | None = None
    patience: int | None = None
    select: str | None = None
    halve_batch: bool = True
    views: tuple[Use, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A method, ready to run.

    Attributes:
        name: unique in its plugin; for a paper's method, the catalogue id.
        task: name or id of the task.
        model: the model.
        data: slots by name.
        protocol: evaluation.
        summary: one line for `medai list`.
        loss: the loss; None: the model's own.
        train: how it learns; None for a model that learns nothing.
        views: views that apply always, in training, evaluation and prediction.
        upstream: names of earlier recipes by the name that `run_of` uses.
        baselines: predictors evaluated on the same cases, in the same report.
        scales: named overrides (`quick`, `small`), each a document shaped as the recipe; `paper` is the recipe itself.
        protocols: named overrides of the protocol (`paper`, `honest`), each a document shaped as it; `--protocol NAME` takes one.
        implements: the catalogue rows that it answers.
        source: the paper that it comes from.
        license: SPDX identifier.
        known_failures: checks of the contract that it fails, by name, each with the reason.
        former_names: names that it had before, each with the version of the plugin's distribution from which it no longer works.
    """

    name: str
    task: str
    model: Use
    data: Mapping[str, Slot]
    protocol: Protocol = field(default_factory=Protocol)
    summary: str = ""
    loss: Use | None = None
    train: Train | None = None
    views: tuple[Use, ...] = ()
    upstream: Mapping[str, str] = field(default_factory=dict)
    baselines: tuple[Use, ...] = ()
    scales: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    protocols: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    implements: tuple[str, ...] = ()
    source: str = ""
    license: str = ""
    known_failures: Mapping[str, str] = field(default_factory=dict)
    former_names: Mapping[str, str] = field(default_factory=dict)
