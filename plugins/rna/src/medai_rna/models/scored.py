"""A model that scores structures: its frame in medai."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Pairs
from medai_rna.folding.best import best_structure
from medai_rna.folding.decode import centroid, mea, probknot
from medai_rna.folding.ensemble import ensemble
from medai_rna.folding.problem import Folding, each
from medai_rna.folding.room import in_training, longest
from medai_rna.folding.structure import score_of
from medai_rna.probable import ProbablePairs
from medai_rna.scored import Scored

Decode = Literal["mfe", "mea", "centroid", "probknot"]
"""`mfe` is the best structure, by whatever scores; `mea` maximises the expected accuracy, `centroid` holds the pairs more probable than
not, and `probknot` those whose bases are each other's most probable partners, crossing ones too."""


class ScoringModel(nn.Module):
    """What every model of scores does with them: it gives them to the loss, and decodes structures from them.

    Sequences of letters go in, and structures of nested pairs A-U, G-C and G-U come out (with `probknot`, crossing ones too).

    Args:
        decode: how a structure is chosen.
        gamma: of `mea`: what a pair is worth against unpaired bases; the higher, the more pairs.
    """

    def __init__(self, decode: Decode, gamma: float) -> None:
        super().__init__()
        ensure_choice(decode, gamma)
        self.decode, self.gamma = decode, gamma

    def foldings(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        """The sequences with their scores, which take gradients.

        Raises:
            MemoryFault: scores at the positions of a sequence need more than there is.
        """
        raise NotImplementedError

    def reference(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        """The sequences with scores that are kept fixed; none here."""
        return ()

    def weights(self) -> Tensor:
        """All that is learnt, in one vector."""
        return torch.cat([parameter.reshape(-1) for parameter in self.parameters()])

    def training_step(self, batch: Batch[Any, Any], loss: Callable[..., Any] | None, turn: str) -> Any:
        """The loss of a batch.

        Raises:
            DataError: loops cannot make up a known structure; names its case.
            MemoryFault: a sequence needs more memory than there is; names its case.
        """
        if loss is None:
            raise UsageError(f"{type(self).__name__} has no loss of its own: the recipe must name one, such as rna/structured-hinge-loss")
        letters = [item.letters for item in batch.inputs]
        with in_training(longest(batch.cases, letters)):
            scored = self.scored(letters)
            try:
                return loss(scored, batch.reference)
            except DataError:
                ensure_learnable(batch, scored.foldings, scored.reference)
                raise

    def scored(self, letters: Sequence[str]) -> Scored:
        """What a loss is given of sequences."""
        return Scored(self.foldings(letters), self.weights(), self.reference(letters))

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        """A structure for each sequence."""
        with torch.no_grad():
            foldings = self.foldings([item.letters for item in batch.inputs])
        return each(self.structure, foldings)

    def structure(self, folding: Folding) -> Pairs:
        """The structure that is chosen of all."""
        return decoded(folding, self.decode, self.gamma)


def ensure_learnable(batch: Batch[Any, Any], *foldings: Sequence[Folding]) -> None:
    """Look for a known structure of a batch that loops cannot make up.

    Args:
        batch: with its known structures.
        foldings: of its sequences, by the scores that are learnt, and by others beside; empty where there are none.

    Raises:
        DataError: there is one; names the case, what is wrong, and the option that takes it out.
    """
    with torch.no_grad():
        for each_kind in foldings:
            for case, folding, structure in zip(batch.cases, each_kind, batch.reference or (), strict=False):
                try:
                    score_of(folding, structure)
                except DataError as error:
                    raise DataError(
                        f"case {case.id}: its structure cannot be learnt from, {error.reason}; the dataset's option pairs=foldable leaves "
                        "out such pairs (--set data.NAME.folder.pairs=foldable)"
                    ) from error


def ensure_choice(decode: str, gamma: float) -> None:
    """Look at what says how a structure is chosen before there is a sequence.

    Raises:
        UsageError: `decode` is none of `Decode`, or `gamma` is not above 0.
    """
    if decode not in get_args(Decode):
        raise UsageError(f"decode = {decode!r}: mfe, mea, centroid or probknot")
    if not gamma > 0:
        raise UsageError(f"gamma = {gamma}: not above 0")


def decoded(folding: Folding, decode: Decode, gamma: float) -> Pairs:
    """The structure that is chosen of all, as `Decode` says; but for `mfe`, with the probabilities that it was chosen by."""
    if decode == "mfe":
        return best_structure(folding)[1]
    probabilities = ensemble(folding).probabilities
    if decode == "mea":
        return ProbablePairs.chosen(mea(probabilities, gamma), probabilities)
    return ProbablePairs.chosen(centroid(probabilities) if decode == "centroid" else probknot(probabilities), probabilities)
