"""Which bases of a sequence pair with one another: secondary structure."""

from medai.tasks.pairing.metrics import PairScores
from medai.tasks.pairing.task import BasePairing
from medai.tasks.pairing.types import Pairs

__all__ = ["BasePairing", "PairScores", "Pairs"]
