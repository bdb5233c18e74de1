"""ContextFold: weights of elements in wide sequence context, learnt online."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Pairs
from medai_rna.folding.differentiable import best_score, structure_score
from medai_rna.folding.problem import Folding
from medai_rna.folding.room import ensure_room, in_training, longest
from medai_rna.folding.scores import BASES, PAIRS, PLANES, UNPAIRED, Positions
from medai_rna.folding.strand import KIND, encoded
from medai_rna.models.lengths import Weights, weights
from medai_rna.models.mxfold import TableWeights
from medai_rna.models.scored import Decode, ScoringModel, ensure_learnable
from medai_rna.scored import with_margin

_SIDES, _KINDS = len(BASES), len(PAIRS)
_REACH = 2
_EACH = 200
"""Bytes for each two bases: eight planes of float64, and what they are gathered by."""
_WINDOW = _SIDES ** (2 * _REACH + 1)


class Contexts(Weights):
    """Weights of pairs and of unpaired bases by the bases around them, all 0 to begin with."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs = weights(len(PLANES), _KINDS * _SIDES**4)
        self.unpaired = weights(len(UNPAIRED), _WINDOW)

    def forward(self, letters: str) -> Positions:
        """Those of a sequence, at its positions; gradients flow."""
        ensure_room(len(letters), _EACH)
        codes = torch.from_numpy(encoded(letters)).long()
        length = len(codes)
        around = nn.functional.pad(codes, (_REACH, _REACH))
        window = sum(around[shift : shift + length] * _SIDES**shift for shift in range(2 * _REACH + 1))
        sides = around[_REACH - 1 : _REACH - 1 + length] * _SIDES + around[_REACH + 1 : _REACH + 1 + length]
        kinds = torch.from_numpy(KIND).long()[codes[:, None], codes[None, :]]
        place = (kinds.clamp(min=0) * _SIDES**2 + sides[:, None]) * _SIDES**2 + sides[None, :]
        planes = torch.where(kinds >= 0, self.pairs[:, place], 0.0)
        return Positions(planes, self.unpaired[:, window])


class Contextfold(ScoringModel):
    """ContextFold: some 72,000 weights of elements with their context, learnt by online passive-aggressive steps.

    Zakov, Goldberg, Elhadad and Ziv-Ukelson 2011, doi:10.1089/cmb.2011.0184. A weight for every entry of the tables of loops; for each
    role of a pair (`PLANES`), one by the pair and the four bases beside its own two; for an unpaired base in each kind of loop
    (`UNPAIRED`), one by the five bases around it. Beyond the ends of the sequence stand bases that are not known.

    A step of one sequence moves the weights just so far that the known structure outdoes the best other one by its cost: by
    min(`aggressiveness`, hinge / |difference of features|^2) times the difference of features (Crammer et al. 2006, PA-I). It is meant for
    plain gradient descent at the rate 1 with batches of 1, as `rna/contextfold` has it, and predicts by the mean of the weights over all
    steps.

    Args:
        aggressiveness: the longest step.
        missed: the cost of a known pair that is not there.
        false: the cost of a pair that is not known.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    mean: Tensor
    steps: Tensor

    def __init__(
        self, aggressiveness: float = 0.1, missed: float = 1.0, false: float = 1.0, decode: Decode = "mfe", gamma: float = 4.0
    ) -> None:
        super().__init__(decode, gamma)
        if aggressiveness <= 0:
            raise UsageError(f"aggressiveness = {aggressiveness}: not above 0")
        self.aggressiveness, self.missed, self.false = aggressiveness, missed, false
        self.elements = TableWeights()
        self.contexts = Contexts()
        self.register_buffer("mean", torch.zeros_like(self.weights()))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def foldings(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        scores = self.elements.laid_out()
        return tuple(Folding(each, scores, self.contexts.laid_out(each)) for each in letters)

    def training_step(self, batch: Batch[Any, Any], loss: Callable[..., Any] | None, turn: str) -> dict[str, Tensor]:
        """The hinge loss, scaled so that a step down its slope at the rate 1 is the passive-aggressive one; `loss` is not used.

        Raises:
            DataError: loops cannot make up a known structure; names its case.
            MemoryFault: a sequence needs more memory than there is; names its case.
        """
        if loss is not None:
            raise UsageError("ContextFold brings its own loss: the recipe must name none")
        if batch.reference is None:
            raise UsageError("there are no structures to learn from")
        self._remember()
        letters = [item.letters for item in batch.inputs]
        with in_training(longest(batch.cases, letters)):
            foldings = self.foldings(letters)
            pairs = zip(foldings, batch.reference, strict=True)
            margins, constants = zip(*(with_margin(*each, self.missed, self.false) for each in pairs), strict=True)
            rivals = best_score(margins) + torch.tensor(constants, dtype=torch.float64)
        try:
            known = structure_score(foldings, batch.reference)
        except DataError:
            ensure_learnable(batch, foldings)
            raise
        hinge = (rivals - known).clamp(min=0).sum()
        slopes = torch.autograd.grad(hinge, list(self.parameters()), retain_graph=True)
        length = sum(float(slope.square().sum()) for slope in slopes)
        far = min(self.aggressiveness, float(hinge.detach()) / length) if length else 0.0
        return {"hinge": far * hinge}

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        if not self.steps:
            return super().predict(batch)
        now = self.weights().detach().clone()
        self._set(self.mean)
        try:
            return super().predict(batch)
        finally:
            self._set(now)

    def _remember(self) -> None:
        """Take the weights into their mean."""
        self.steps += 1
        self.mean += (self.weights().detach() - self.mean) / self.steps

    def _set(self, weights: Tensor) -> None:
        with torch.no_grad():
            torch.nn.utils.vector_to_parameters(weights, self.parameters())
