"""P(structure | letters) proportional to exp(weights . counts of pairs, stacks and hairpins), without pseudoknots."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from medai.tasks import Batch, Context, Feed, Pairs, Progress

KINDS = {"AU": 0, "UA": 0, "GC": 1, "CG": 1, "GU": 2, "UG": 2}
LOOP = 3  # fewest unpaired letters that a pair can enclose
PAIR, STACK, HAIRPIN = slice(0, 3), slice(3, 6), 6


def kinds(letters: str) -> torch.Tensor:
    """The kind of pair that i and j would be, int64 (L, L), -1 where none."""
    n = len(letters)
    grid = [[KINDS.get(letters[i] + letters[j], -1) if j - i > LOOP else -1 for j in range(n)] for i in range(n)]
    return torch.tensor(grid)


def log_sum(weights: torch.Tensor, kind: torch.Tensor, bonus: torch.Tensor) -> torch.Tensor:
    """The logarithm of the sum over all structures, by McCaskill's inside recursion over spans; `bonus` (L, L) is added to each pair."""
    n = len(kind)
    inside = weights.new_ones(n + 1)  # spans of length 0
    opened: list[torch.Tensor] = [weights.new_zeros(n)]  # closed by a pair; by length - 1, then start
    spans = [inside, weights.new_ones(n)]
    for length in range(2, n + 1):
        starts = torch.arange(n - length + 1)
        here = kind[starts, starts + length - 1]
        pair = torch.where(here >= 0, torch.exp(weights[PAIR][here] + bonus[starts, starts + length - 1]), 0.0)
        nested = opened[length - 3][1 : n - length + 2] if length > 2 else torch.zeros_like(pair)
        stacked = nested * (torch.exp(weights[STACK][here]) - 1)
        closed = pair * (spans[length - 2][1 : n - length + 2] + stacked + torch.exp(weights[HAIRPIN]) - 1)
        opened.append(closed)
        total = spans[length - 1][1 : n - length + 2] + closed
        for inner in range(LOOP + 2, length):
            total = total + opened[inner - 1][: n - length + 1] * spans[length - inner][inner : inner + n - length + 1]
        spans.append(total)
    return torch.log(spans[n][0])


def counts(kind: torch.Tensor, structure: Pairs) -> torch.Tensor:
    """How often a structure has what each weight weighs, float64 (7,)."""
    held, found = set(structure.pairs), torch.zeros(7, dtype=torch.float64)
    for i, j in structure.pairs:
        found[PAIR][kind[i, j]] += 1
        found[STACK][kind[i, j]] += (i + 1, j - 1) in held
        found[HAIRPIN] += not any(i < other < j for other, _ in held)
    return found


class LogLinear:
    """Seven weights, float64; learns in rounds of L-BFGS, each fresh, so that a round's end is the whole state.

    Args:
        penalty: on the squares of the weights.
        inner: iterations of a round.
    """

    def __init__(self, penalty: float = 0.05, inner: int = 3) -> None:
        self.penalty, self.inner = penalty, inner
        self.weights, self.rounds = torch.zeros(7, dtype=torch.float64), 0

    def predict(self, batch: Batch) -> list[Pairs]:
        return [self._centroid(item.letters) for item in batch.inputs]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        known = [(kind, counts(kind, sample.reference)) for sample in train.samples() for kind in [kinds(sample.inputs.letters)]]
        while self.rounds < context.train.steps:
            with torch.enable_grad():
                loss = self._round(known)
            self.rounds += 1
            yield Progress(self.rounds, self.rounds, True, {"loss": loss})

    def _round(self, known: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        """One round; the negative log likelihood per structure before it."""
        weights = self.weights.clone().requires_grad_()
        optimizer = torch.optim.LBFGS([weights], max_iter=self.inner, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            each = [log_sum(weights, kind, torch.zeros(kind.shape)) - weights @ found for kind, found in known]
            value = sum(each) / len(each) + self.penalty * weights.square().sum()
            value.backward()
            return value

        first = optimizer.step(loss)
        self.weights = weights.detach()
        return first.detach()

    def state_dict(self) -> dict[str, Any]:
        return {"weights": self.weights, "rounds": self.rounds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.weights, self.rounds = state["weights"], state["rounds"]

    def _centroid(self, letters: str) -> Pairs:
        """The pairs more probable than one half; never two at one letter. A pair's probability is the derivative of the log sum."""
        kind = kinds(letters)
        bonus = torch.zeros(kind.shape, dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            total = log_sum(self.weights, kind, bonus)
        (probable,) = torch.autograd.grad(total, bonus) if total.requires_grad else (torch.zeros_like(bonus),)
        return Pairs.of(((int(i), int(j)) for i, j in (probable > 0.5).nonzero()), len(letters))
