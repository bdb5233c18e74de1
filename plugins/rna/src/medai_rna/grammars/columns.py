"""A grammar over the columns of an alignment, whose emissions are likelihoods of columns in place of tables over bases."""

from __future__ import annotations

import numpy as np

from medai_rna.grammars.grammar import EMISSION, LEFT, RIGHT, SHAPE, WIDTH
from medai_rna.grammars.parsing import Ready, Strand, Weights

_LARGEST = 600.0
"""Of the logarithm of a weight that a float holds."""


def ready_columns(weights: Weights, single: np.ndarray, pair: np.ndarray, strand: Strand) -> Ready:
    """A grammar whose steps make an unpaired base or a pair, and N columns, made ready.

    The weight of a pair is how much likelier it is than both of its columns unpaired; of an unpaired column it is 1. Each derivation makes
    every column once, so that its weight is what the likelihoods give, over the likelihood of all columns unpaired.

    Args:
        weights: the grammar with its rules' probabilities; its tables are not used.
        single: logarithms of likelihoods of unpaired columns, float64 (N,).
        pair: of pairs i < j, float64 (N, N).
        strand: which pairs may be.
    """
    program, width = weights.grammar.program, len(single)
    steps, shapes = program.steps.copy(), program.shapes.copy()
    lefts = np.zeros((len(shapes), width + 1), dtype=np.int64)
    rights = np.zeros_like(lefts)
    for shape, (left, right) in enumerate(shapes[:, [LEFT, RIGHT]].tolist()):
        if left:
            lefts[shape] = np.minimum(np.arange(width + 1), width - 1)
        if right:
            rights[shape] = np.maximum(np.arange(width + 1) - 1, 0)
        shapes[shape, WIDTH] = width if right else 1
        made = (steps[:, SHAPE] == shape) & (steps[:, EMISSION] >= 0)
        steps[made, EMISSION] = 0 if right else width**2
    gain = np.clip(pair - single[:, None] - single[None, :], -_LARGEST, _LARGEST)
    return Ready(
        program._replace(steps=steps, shapes=shapes),
        weights.rules,
        np.concatenate([np.exp(gain).ravel(), np.ones(width)]),
        np.concatenate([np.full(width**2, 2.0), np.ones(width)]),
        np.ones(1),
        lefts,
        rights,
        np.ones(width),
        strand,
    )
