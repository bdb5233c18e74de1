"""The objective of constraint generation, as a loss over all structures of a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from medai.errors import UsageError
from medai.tasks import Pairs
from medai_rna.folding.differentiable import best_score, structure_score
from medai_rna.scored import Scored, with_margin


class ConstraintGenerationObjective:
    """Half the squared slack of the constraint that the known structure scores no less than the best one; the mean over a batch.

    Andronescu et al. 2007, doi:10.1093/bioinformatics/btm223: of all constraints of a sequence, the one that the present scores violate
    most; `rna/andronescu-cg-2007` solves for those of all rounds together. Takes `Scored` and the B known structures, nested and
    canonical, and gives scalars by name.

    Args:
        margin: by which the known structure shall score more than another, for each pair in which the two differ.
    """

    def __init__(self, margin: float = 0.0) -> None:
        if margin < 0:
            raise UsageError(f"margin = {margin}: not 0 or more")
        self.margin = margin

    def __call__(self, output: Scored, target: Sequence[Pairs]) -> dict[str, Tensor]:
        widened = [with_margin(*each, self.margin, self.margin) for each in zip(output.foldings, target, strict=True)]
        rest = torch.tensor([constant for _, constant in widened], dtype=torch.float64)
        slack = best_score([folding for folding, _ in widened]) + rest - structure_score(output.foldings, target)
        return {"slack": 0.5 * slack.clamp(min=0).square().mean()}
