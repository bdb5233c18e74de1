"""What a model must offer to answer and to learn, and what it is lent while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import torch

from medai.tasks._records import Batch, I, R, Sample

if TYPE_CHECKING:
    from accelerate import Accelerator

    from medai.api import Train
    from medai.tasks._protocols import Task

P = TypeVar("P")  # prediction


@runtime_checkable
class Predictor(Protocol[P]):
    """Anything that answers a batch.

    One that has something to say of its answers, such as how many of them lack what it wants beside the input, offers `notes()`, a sequence
    of texts: it is asked when all are given, and they are shown, and kept among a run's notes.
    """

    def predict(self, batch: Batch[Any, Any]) -> list[P]:
        """One prediction per case, in order, in physical units, on the CPU.

        Raises:
            DataError, MemoryFault: a case cannot be answered. It is left out with the reason, and the others are answered: when answers are
                measured or saved, a batch is one case.
        """
        ...


@dataclass(frozen=True)
class Progress:
    """What a learner says whenever its state is whole.

    Attributes:
        step: steps (or iterations, rounds) done in all.
        epoch: epochs done in all.
        end_of_epoch: whether this step ended an epoch.
        losses: named scalars; tensors may stay on the device.
        cases: ids of the batch's cases, so that a loss that is not finite can be traced.
        total: steps that there will be, where the learner knows.
    """

    step: int
    epoch: int
    end_of_epoch: bool = False
    losses: Mapping[str, torch.Tensor | float] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    total: int | None = None


class Feed(Protocol[I, R]):
    """Cases of one part of the split, ready to be read: by batch in an order that depends on seed and epoch, or one by one."""

    def __len__(self) -> int:
        """Number of cases (items of the training view)."""
        ...

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Batch[I, R] | None]:
        """Shuffled batches of an epoch from batch number `start`; each is given in at most `micro` parts, one after the other.

        None stands for a batch of which no case could be read, so that whoever counts batches can go on from where it was.
        """
        ...

    def samples(self, epoch: int = 0) -> Iterator[Sample[I, R]]:
        """Every case once, in order."""
        ...


@dataclass(frozen=True)
class Context:
    """What the engine lends a learner while it fits.

    Attributes:
        device: where to compute.
        seed: the run's seed.
        train: how to learn.
        task: the task.
        loss: the recipe's loss, already built and on the device, or None.
        accelerator: device, autocast, backward and gradient clipping, for one GPU or many.
        note: records a departure that the user must see (`note("batch halved to 4")`).
        folder: a scratch folder inside the run folder.
        compile: whether `torch.compile` was asked for.
    """

    device: torch.device
    seed: int
    train: Train
    task: Task[Any, Any, Any]
    loss: Callable[..., Any] | None
    accelerator: Accelerator
    note: Callable[[str], None]
    folder: Path
    compile: bool = False


@runtime_checkable
class Learner(Protocol[P]):
    """A predictor that learns.

    `state_dict` is nested mappings of tensors, numpy arrays and JSON values, whole enough that `load_state_dict` followed by `fit`
    continues exactly where the state was taken.
    """

    def predict(self, batch: Batch[Any, Any]) -> list[P]:
        """As `Predictor.predict`."""
        ...

    def fit(self, train: Feed[Any, Any], valid: Feed[Any, Any] | None, context: Context) -> Iterator[Progress]:
        """Learn; yield whenever the state is whole. Ends when learning is done."""
        ...

    def state_dict(self) -> Mapping[str, Any]:
        """The state."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> Any:
        """Take up a state."""
        ...
