"""MXfold2: folding scores of a network, added to the thermodynamic energies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from medai.errors import UsageError
from medai_rna.energies import load
from medai_rna.folding.problem import Folding
from medai_rna.folding.room import ensure_room
from medai_rna.folding.scores import BASES, PLANES, UNPAIRED, Positions, Scores
from medai_rna.folding.strand import encoded
from medai_rna.models.lengths import Lengths
from medai_rna.models.scored import Decode, ScoringModel

_STACK, _HAIRPIN, _OUTER, _INNER, _MULTI_OUTER, _MULTI_INNER, _EXTERIOR = (
    PLANES.index(name) for name in ("stack", "hairpin", "interior_outer", "interior_inner", "multi_outer", "multi_inner", "exterior")
)


class Mxfold2(ScoringModel):
    """MXfold2: a convolutional and recurrent network gives each pair of positions scores of helices, which are added to Turner's energies.

    Sato, Akiyama and Sakakibara 2021, doi:10.1038/s41467-021-21194-4: an embedding, convolutions along the sequence (5 and 3 wide in turn,
    residual, with layer normalisation, CELU and dropout), a bidirectional LSTM; for each i < j, half of the channels at i and the other
    half at j go through convolutions over pairs of positions and a perceptron, which gives four scores: of stacking in a helix, of a
    helix's opening and its closing end at a loop, and of unpaired bases. Lengths of loops have weights of their own, as in CONTRAfold.

    The unpaired score is one of each base here, not of each stretch between two; and there are no convolutions over pairs unless
    `pair_layers` asks for them (the paper has eight), since they take nine tenths of the time.

    Args:
        energies: the parameters that the scores are added to, by name; `none`: nothing.
        embedding: channels of a base.
        filters: channels of the convolutions.
        layers: convolutions along the sequence.
        units: of the LSTM, in each of its two layers and directions.
        pair_layers: convolutions over pairs of positions.
        hidden: units of the perceptron.
        dropout: the share of what is dropped in training.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    def __init__(
        self,
        energies: str = "turner-2004",
        embedding: int = 64,
        filters: int = 64,
        layers: int = 8,
        units: int = 32,
        pair_layers: int = 0,
        hidden: int = 32,
        dropout: float = 0.5,
        decode: Decode = "mfe",
        gamma: float = 4.0,
    ) -> None:
        super().__init__(decode, gamma)
        if units < 1 or filters < 1 or hidden < 1 or embedding < 1:
            raise UsageError("embedding, filters, units and hidden are 1 or more")
        self._base = None if energies == "none" else load(energies).scores()
        # Bytes for each two bases: planes of float64 and what they are made of, and features of float32 before and after a layer or two.
        self._each = 200 + 4 * (3 * hidden + (4 * max(2 * units, filters) if pair_layers else 0))
        self.embedding = nn.Embedding(len(BASES), embedding)
        widths = [embedding, *[filters] * layers]
        self.along = nn.ModuleList(
            _residual(nn.Conv1d(before, after, size := 5 if index % 2 == 0 else 3, padding=size // 2), after, dropout)
            for index, (before, after) in enumerate(pairwise(widths))
        )
        self.recurrent = nn.LSTM(widths[-1], units, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout)
        self.settled = nn.Sequential(nn.LayerNorm(2 * units), nn.CELU(), nn.Dropout(dropout))
        over = [2 * units, *[filters] * pair_layers]
        self.over = nn.ModuleList(
            _residual(nn.Conv2d(before, after, size := 5 if index % 2 == 0 else 3, padding=size // 2), after, dropout)
            for index, (before, after) in enumerate(pairwise(over))
        )
        self.first, self.second = nn.Linear(over[-1] // 2, hidden), nn.Linear(over[-1] - over[-1] // 2, hidden, bias=False)
        self.perceptron = nn.Sequential(nn.LayerNorm(hidden), nn.CELU(), nn.Dropout(dropout), nn.Linear(hidden, 3))
        self.alone = nn.Sequential(nn.Linear(2 * units, hidden), nn.LayerNorm(hidden), nn.CELU(), nn.Dropout(dropout), nn.Linear(hidden, 1))
        self.lengths = Lengths()

    def foldings(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        base = Scores.zeros() if self._base is None else self._base
        hairpins, interiors = self.lengths.laid_out()
        scores = replace(base, hairpin_length=base.hairpin_length + hairpins, interior_size=base.interior_size + interiors)
        # One by one: an LSTM that reads backwards would begin in the padding of shorter sequences.
        return tuple(Folding(each, scores, self.positions(each)) for each in letters)

    def reference(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        return () if self._base is None else tuple(Folding(each, self._base) for each in letters)

    def positions(self, letters: str) -> Positions:
        """The network's scores of a sequence of N bases; gradients flow."""
        ensure_room(len(letters), self._each)
        device = self.embedding.weight.device
        x = self.embedding(torch.from_numpy(encoded(letters)).long().to(device)).T[None]
        for layer in self.along:
            found = layer(x)
            x = x + found if found.shape == x.shape else found
        x = x.transpose(1, 2)
        found = self.settled(self.recurrent(x)[0])
        x = (x + found if found.shape == x.shape else found)[0]
        stacking, opening, closing = self._pairs(x).double().cpu()
        planes: list[Tensor | None] = [None] * len(PLANES)
        planes[_STACK] = stacking
        # The inner side of a pair is where its loop opens a helix from within; seen from outside, the helix closes there.
        planes[_HAIRPIN] = planes[_OUTER] = planes[_MULTI_OUTER] = opening
        planes[_INNER] = planes[_MULTI_INNER] = planes[_EXTERIOR] = closing
        nothing = torch.zeros_like(stacking)
        alone = self.alone(x)[:, 0].double().cpu()
        return Positions(torch.stack([nothing if plane is None else plane for plane in planes]), alone.expand(len(UNPAIRED), -1))

    def _pairs(self, x: Tensor) -> Tensor:
        """Three scores of each pair of positions, (3, N, N), of features (N, C)."""
        if not self.over:
            half = x.shape[1] // 2
            return self._scored(self.first(x[:, :half])[:, None], self.second(x[:, half:])[None, :])
        half, length = x.shape[1] // 2, len(x)
        left, right = x[:, :half, None].permute(1, 0, 2), x[:, half:, None].permute(1, 2, 0)
        pairs = torch.cat([left.expand(-1, -1, length), right.expand(-1, length, -1)])[None]
        for layer in self.over:
            found = layer(pairs)
            pairs = pairs + found if found.shape == pairs.shape else found
        features = pairs[0].permute(1, 2, 0)
        half = features.shape[2] // 2
        return self._scored(self.first(features[..., :half]), self.second(features[..., half:]))

    def _scored(self, first: Tensor, second: Tensor) -> Tensor:
        found: Tensor = self.perceptron(first + second)
        return found.permute(2, 0, 1)


def _residual(convolution: nn.Module, channels: int, dropout: float) -> nn.Module:
    return nn.Sequential(convolution, nn.GroupNorm(1, channels), nn.CELU(), nn.Dropout(dropout))
