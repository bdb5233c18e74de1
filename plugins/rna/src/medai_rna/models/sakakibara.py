"""Sakakibara et al. 1994: a grammar that follows a family's structure, learnt by expectation maximisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.tasks import Context, Feed, Pairs, Progress
from medai.tasks import Sequence as Letters
from medai_rna.grammars.grammar import grammar_of
from medai_rna.grammars.learning import Example
from medai_rna.grammars.library import DOWELL_EDDY
from medai_rna.grammars.template import template_grammar
from medai_rna.models.grammars import GrammarDecode, GrammarModel


class Sakakibara(GrammarModel):
    """A grammar with a nonterminal for every place of a family's structure, as for transfer RNA (Nucleic Acids Res. 1994, 22:5112).

    The known structure whose length is the middle one of the training sequences becomes the template. Its places may be skipped, and
    bases, pairs and helices may stand in between. Probabilities are learnt from all training sequences: over the derivations that make
    their structures where these are known, over all derivations where not.

    Args:
        prior: uses beforehand, of each parameter on average: more of those that keep to the template and make canonical pairs.
        decode: `cyk` or `mea`.
        gamma: of `mea`.
        canonical: whether predictions hold canonical pairs alone.
        rounds: of expectation maximisation, at most.
        tolerance: learning ends when a round raises the log likelihood per base by less.
    """

    def __init__(
        self,
        prior: float = 0.5,
        decode: GrammarDecode = "cyk",
        gamma: float = 2.0,
        canonical: bool = False,
        rounds: int = 20,
        tolerance: float = 1e-4,
    ) -> None:
        super().__init__(DOWELL_EDDY["G6"], prior, decode, gamma, canonical, rounds, tolerance)

    def fit(self, train: Feed[Letters, Pairs], valid: Feed[Letters, Pairs] | None, context: Context) -> Iterator[Progress]:
        """Choose the template, then rounds of expectation maximisation; one step is one round.

        Raises:
            DataError: no training sequence has a structure.
        """
        if self.round == 0:
            known = sorted(
                (example for example in self._examples(train) if example.structure is not None and example.structure.pairs),
                key=lambda example: (len(example.letters), example.id),
            )
            if not known:
                raise DataError("the template is a known structure, and no training sequence has one")
            self._follow(template_grammar(_structure(known[len(known) // 2])))
        yield from super().fit(train, valid, context)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state, with the template that it was learnt by."""
        self._follow(state["grammar"])
        self._take_up(state)

    def _follow(self, text: str) -> None:
        self.grammar = grammar_of(text)
        self.parameters = self.grammar.even()

    @property
    def _prior(self) -> np.ndarray:
        sizes = np.bincount(self.grammar.blocks[self.grammar.blocks >= 0])
        blocks = np.where(self.grammar.blocks >= 0, self.grammar.blocks, 0)
        return np.asarray(self.prior * self.grammar.even() * sizes[blocks])


def _structure(example: Example) -> Pairs:
    assert example.structure is not None
    return example.structure
