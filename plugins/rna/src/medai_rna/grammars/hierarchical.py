"""Grammars whose nonterminals are as many as the data support: a hierarchical Dirichlet process over rules (Sato et al. 2010).

Top-level weights b over nonterminals, without end, come from breaking a stick, b ~ GEM(concentration). The rules of each nonterminal
have a Dirichlet process as prior, whose base measure shares out a kind of rule and then, by b, the nonterminals that the rule makes; so
that nonterminals that the data do not need are made by no one. Inference is variational, with K nonterminals at most and b a point, as
Liang et al. 2007 (EMNLP, The infinite PCFG) do it for language.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from medai_rna.grammars.grammar import Grammar


def hierarchical_grammar(count: int) -> str:
    """The grammar of `count` nonterminals Z0 ..., each of which makes an unpaired base on either side, a pair, two others, or a last base.

    Tables of emissions are each nonterminal's own. Two side by side make one base at least by their rules, as every nonterminal does.
    """
    lines = ["S -> " + " | ".join(f"Z{k}" for k in range(count))]
    for z in range(count):
        single, pair = f"<u{z}>", f"<p{z}>"
        rules = [f"a {single}"]
        rules += [f"a Z{k} {single}" for k in range(count)]
        rules += [f"Z{k} a {single}" for k in range(count)]
        rules += [f"a Z{k} a' {pair}" for k in range(count)]
        rules += [f"Z{k} Z{m}" for k in range(count) for m in range(count)]
        lines.append(f"Z{z} -> " + " | ".join(rules))
    return "\n".join(lines)


KINDS = ("last", "left", "right", "pair", "two")


@dataclass(frozen=True)
class Hierarchy:
    """Where the rules of a hierarchical grammar stand.

    Attributes:
        grammar: it.
        count: nonterminals beside the start.
        kinds: for each rule the index of its kind in `KINDS`; -1 for those of the start (rules,).
        made: for each rule the nonterminals that it makes, -1 for none (rules, 2).
        block: for each rule the nonterminal that it belongs to, `count` for the start (rules,).
    """

    grammar: Grammar
    count: int
    kinds: np.ndarray
    made: np.ndarray
    block: np.ndarray

    @classmethod
    def of(cls, grammar: Grammar, count: int) -> Hierarchy:
        """Of a grammar that `hierarchical_grammar` made."""
        one, none = np.arange(count), np.full(count, -1)
        first, second = (grid.ravel() for grid in np.meshgrid(one, one, indexing="ij"))
        made = [np.stack([one, none], axis=1)]
        kinds, block = [none], [np.full(count, count)]
        for z in range(count):
            made += [np.array([[-1, -1]]), *[np.stack([one, none], axis=1)] * 3, np.stack([first, second], axis=1)]
            kinds.append(np.repeat(np.arange(len(KINDS)), [1, count, count, count, count**2]))
            block.append(np.full(len(kinds[-1]), z))
        return cls(grammar, count, np.concatenate(kinds), np.concatenate(made), np.concatenate(block))

    def base(self, sticks: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """The base measure over the rules of each nonterminal: a kind, then each nonterminal made by its weight. Sums to 1 in each block.

        Args:
            sticks: b, float64 (count,).
            kinds: probabilities of the kinds of rules, float64 (5,).
        """
        weights = np.append(sticks, 1.0)  # of a place that makes none
        found = weights[self.made[:, 0]] * weights[self.made[:, 1]]
        return np.asarray(np.where(self.kinds >= 0, found * np.append(kinds, 1.0)[self.kinds], found))

    def variational(self, counts: np.ndarray, base: np.ndarray, strength: float, emissions: np.ndarray) -> np.ndarray:
        """Weights of all parameters for the next expectation: exp(E[ln probability]) under Dirichlets of the counts and priors, each
        block summing to less than 1.

        Args:
            counts: expected uses, float64 (grammar.size,).
            base: as from `base`.
            strength: of the Dirichlet processes.
            emissions: prior uses of entries of tables, float64 (grammar.size,); those of rules are not looked at.
        """
        alpha = emissions + counts
        alpha[: len(base)] = strength * base + counts[: len(base)]
        used = self.grammar.blocks >= 0
        sums = np.bincount(self.grammar.blocks[used], alpha[used])
        found = np.zeros(len(counts))
        found[used] = np.exp(np.maximum(digamma(np.maximum(alpha[used], 1e-12)), -600.0) - digamma(sums[self.grammar.blocks[used]]))
        return found

    def new_sticks(self, counts: np.ndarray, sticks: np.ndarray, kinds: np.ndarray, strength: float, concentration: float) -> np.ndarray:
        """The top-level weights that maximise the bound, the Dirichlets over rules fixed: by L-BFGS over the logits of the breaks."""
        rules = len(self.kinds)
        base = self.base(sticks, kinds)
        alpha = strength * base + counts[:rules]
        sums = np.bincount(self.block, alpha)
        logs = torch.from_numpy(digamma(np.maximum(alpha, 1e-12)) - digamma(sums[self.block]))
        made, kind = torch.from_numpy(self.made), torch.from_numpy(np.append(kinds, 1.0)[self.kinds])

        def objective(vector: np.ndarray) -> tuple[float, np.ndarray]:
            logits = torch.tensor(vector, requires_grad=True)
            breaks = torch.sigmoid(logits)
            rest = torch.cumprod(1 - breaks, 0)
            weights = torch.cat([breaks, breaks.new_ones(1)]) * torch.cat([rest.new_ones(1), rest])
            padded = torch.cat([weights, weights.new_ones(1)])
            measure = strength * padded[made[:, 0]] * padded[made[:, 1]] * kind
            # Of a Dirichlet's density at the mean logarithms; the sum of each block's measure is the strength, and drops out.
            value = -torch.lgamma(measure.clamp_min(1e-12)).sum() + (measure * logs).sum()
            value = value + (concentration - 1) * torch.log1p(-breaks.clamp_max(1 - 1e-9)).sum()
            (slope,) = torch.autograd.grad(-value, logits)
            return -float(value.detach()), slope.numpy()

        start = _logits(sticks)
        found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(-12.0, 12.0)] * len(start), options={"maxiter": 30})
        return _sticks(found.x)

    def effective(self, counts: np.ndarray, share: float = 0.01) -> int:
        """Nonterminals that more than this share of all rules used belong to."""
        used = np.bincount(self.block, counts[: len(self.block)])[: self.count]
        return int((used > share * used.sum()).sum()) if used.sum() > 0 else 0


def even_sticks(count: int, concentration: float) -> np.ndarray:
    """The mean of the breaking of a stick, cut off at `count` pieces."""
    left = (concentration / (1 + concentration)) ** np.arange(count)
    return np.asarray(left / left.sum())


def _logits(sticks: np.ndarray) -> np.ndarray:
    left = 1 - np.concatenate([[0.0], np.cumsum(sticks[:-1])])
    breaks = np.clip(sticks[:-1] / np.maximum(left[:-1], 1e-12), 1e-5, 1 - 1e-5)
    return np.asarray(np.log(breaks) - np.log1p(-breaks))


def _sticks(logits: np.ndarray) -> np.ndarray:
    breaks = np.append(1 / (1 + np.exp(-logits)), 1.0)
    return np.asarray(breaks * np.concatenate([[1.0], np.cumprod(1 - breaks[:-1])]))


def dirichlet_divergence(alpha: np.ndarray, prior: np.ndarray, blocks: np.ndarray) -> float:
    """The Kullback-Leibler divergence of Dirichlets from their priors, summed over blocks."""
    used = (blocks >= 0) & (prior > 0)
    a, p, block = alpha[used], prior[used], blocks[used]
    sums, priors = np.bincount(block, a), np.bincount(block, p)
    there = sums > 0
    found = gammaln(sums[there]).sum() - gammaln(priors[there]).sum() - gammaln(a).sum() + gammaln(p).sum()
    return float(found + ((a - p) * (digamma(a) - digamma(sums)[block])).sum())
