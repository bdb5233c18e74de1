"""Models that learn how far energies of loops move from published tables: their frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Context, Feed, Pairs
from medai_rna.energies.duplex import read_duplexes, terms_of
from medai_rna.energies.published import named
from medai_rna.energies.tables import Energies
from medai_rna.energies.tied import Tied
from medai_rna.folding.problem import Counts, Folding, each
from medai_rna.folding.room import in_training
from medai_rna.folding.scores import Scores
from medai_rna.folding.structure import counts_of
from medai_rna.models.scored import Decode, decoded, ensure_choice


@dataclass(frozen=True)
class Known:
    """A sequence with its known structure, and how often that uses each group of energies: it has the energy `base` + `uses` @ moves, in
    kcal/mol."""

    case: str
    letters: str
    structure: Pairs
    base: float
    uses: np.ndarray


class LearntEnergies:
    """Energies of loops that are learnt from known structures, and from melting data where they are given.

    Args:
        energies: tables to start from: a published name, or a file of the format `.par`.
        spread: standard deviation of the moves' prior, kcal/mol.
        melting: a CSV file of duplexes (`strand1,strand2,dG37,sd`), whose residuals are kept small beside; None: there are none.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    def __init__(self, energies: str, spread: float, melting: str | None, decode: Decode, gamma: float) -> None:
        if spread <= 0:
            raise UsageError(f"spread = {spread}: not above 0")
        ensure_choice(decode, gamma)
        self.tied = Tied(named(energies)) if energies.endswith(".par") else _published(energies)
        self.spread, self.melting, self.decode, self.gamma = spread, melting, decode, gamma
        self.moves = np.zeros(len(self.tied))
        self.rounds = 0

    @property
    def tables(self) -> Energies:
        """The tables with what was learnt, to the hundredth of a kcal/mol."""
        return self.tied.energies(self.moves)

    @property
    def reader(self) -> dict[str, Any]:
        """The model that reads the tables."""
        return {"use": "rna/turner", "decode": self.decode, "gamma": self.gamma}

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        """A structure for each sequence."""
        scores = self.tables.scores()
        foldings = [Folding(item.letters, scores) for item in batch.inputs]
        return each(lambda folding: decoded(folding, self.decode, self.gamma), foldings)

    def state_dict(self) -> dict[str, Any]:
        """The moves in kcal/mol, float64 (K,), and how many rounds were learnt."""
        return {"moves": self.moves.copy(), "rounds": self.rounds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state."""
        moves = np.asarray(state["moves"], dtype=np.float64)
        if moves.shape != self.moves.shape:
            raise PluginError(f"the state has {moves.size} groups of energies, the tables {self.moves.size}")
        self.moves, self.rounds = moves.copy(), int(state["rounds"])

    def known(self, feed: Feed[Any, Any], context: Context) -> list[Known]:
        """The cases to learn from; those that the loops cannot make up are left out, and how many is said.

        Raises:
            DataError: none is left.
            MemoryFault: a sequence needs more memory than there is; names its case.
        """
        scores = self.tied.scores(np.zeros(len(self.tied)))
        found, faults = [], []
        for sample in feed.samples():
            try:
                if sample.reference is None:
                    raise DataError("there is no known structure")
                with in_training(sample.case.id):
                    base, uses = self.measured(counts_of(Folding(sample.inputs.letters, scores), sample.reference))
            except DataError as error:
                faults.append(f"{sample.case.id}: {error.reason}")
                continue
            found.append(Known(sample.case.id, sample.inputs.letters, sample.reference, base, uses))
        if not found:
            raise DataError(f"no structure can be learnt from; the first: {faults[0] if faults else 'there are no cases'}")
        if faults:
            context.note(f"{len(faults)} of {len(found) + len(faults)} structures cannot be made up of loops and are left out; {faults[0]}")
        return found

    def measured(self, counts: Counts) -> tuple[float, np.ndarray]:
        """The energy of a structure by the tables that were started from, and how often it uses each group."""
        return float(self.tied.origin @ counts.tables), self.tied.effects.T @ counts.tables

    def scores(self, moves: np.ndarray) -> Scores:
        """Scores of loops, linear in the moves."""
        return self.tied.scores(moves)

    def prior(self, moves: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the logarithm of the moves' Gaussian prior and of the melting data's likelihood, without constants; and the gradient."""
        value, slope = 0.5 * float(np.sum((moves / self.spread) ** 2)), moves / self.spread**2
        offsets, effects, deviations = self._duplexes
        if len(offsets):
            off = (offsets + effects @ moves) / deviations
            value, slope = value + 0.5 * float(off @ off), slope + effects.T @ (off / deviations)
        return value, slope

    def load_melting(self) -> None:
        """Read the melting data.

        Raises:
            DataError: the file or a row of it cannot be used.
        """
        if self.melting is None:
            return
        duplexes = read_duplexes(Path(self.melting))
        if fault := next((duplex.fault for duplex in duplexes if duplex.fault), ""):
            raise DataError(fault, self.melting)
        energies, effects = self.tied.duplexes(np.array([terms_of(duplex.strands) for duplex in duplexes]))
        off = energies - np.array([duplex.energy for duplex in duplexes])
        self._duplexes = off, effects, np.array([duplex.deviation for duplex in duplexes])

    _duplexes: tuple[np.ndarray, np.ndarray, np.ndarray] = (np.zeros(0), np.zeros((0, 0)), np.zeros(0))

    def left(self, context: Context) -> Iterator[int]:
        """The numbers of the rounds that are still to be learnt, from 1."""
        return iter(range(self.rounds + 1, total(context) + 1))


@cache
def _published(energies: str) -> Tied:
    return Tied(named(energies))


def total(context: Context) -> int:
    """How many rounds there are in all: epochs, or steps where those are counted."""
    given = context.train.epochs if context.train.epochs is not None else context.train.steps
    return int(given) if given is not None else 1
