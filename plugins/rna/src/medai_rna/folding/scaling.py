"""Scales of bases out of the best structure."""

from __future__ import annotations

import numpy as np

from medai_rna.folding.best import best_of, traced
from medai_rna.folding.loops import (
    compiled,
    exterior_pair,
    exterior_unpaired,
    hairpin,
    inlined,
    interior,
    multi_inner,
    multi_outer,
    multi_unpaired,
)
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import Places
from medai_rna.folding.strand import Strand


def scale_of(folding: Folding) -> np.ndarray:
    """The score of each loop of the best structure, given to the bases of its pairs: divided by these, the weight of whatever one of its
    pairs holds is about 1, however much of the score stands in how little of the sequence.

    Returns:
        logarithms, (N,); their sum is the best score.

    Raises:
        DataError: no structure meets the constraints.
    """
    partner = traced(folding.vector, folding.strand, folding.places, best_of(folding))
    return _shared(folding.vector, folding.strand, folding.places, partner)


@compiled
def _shared(tables: np.ndarray, strand: Strand, places: Places | None, partner: np.ndarray) -> np.ndarray:
    length = partner.shape[0]
    scale = np.zeros(length)
    place = 0
    while place < length:
        if partner[place] > place:
            _give(scale, place, partner[place], exterior_pair(tables, strand, places, place, partner[place]))
            place = partner[place]
        else:
            scale[place] += exterior_unpaired(tables, places, place, place)
        place += 1
    for i in range(length):
        if partner[i] > i:
            _share_loop(scale, tables, strand, places, partner, i, partner[i])
    return scale


@compiled
def _share_loop(scale: np.ndarray, tables: np.ndarray, strand: Strand, places: Places | None, partner: np.ndarray, i: int, j: int) -> None:
    branches, k, m = 0, -1, -1
    place = i + 1
    while place < j:
        if partner[place] > place:
            branches, k, m = branches + 1, place, partner[place]
            place = m
        place += 1
    if branches == 0:
        _give(scale, i, j, hairpin(tables, strand, places, i, j))
    elif branches == 1:
        _give(scale, i, j, interior(tables, strand, places, i, j, k, m))
    else:
        _give(scale, i, j, multi_outer(tables, strand, places, i, j))
        place = i + 1
        while place < j:
            if partner[place] > place:
                _give(scale, place, partner[place], multi_inner(tables, strand, places, place, partner[place]))
                place = partner[place]
            else:
                scale[place] += multi_unpaired(tables, places, place, place)
            place += 1


@inlined
def _give(scale: np.ndarray, i: int, j: int, score: float) -> None:
    scale[i] += score / 2
    scale[j] += score / 2
