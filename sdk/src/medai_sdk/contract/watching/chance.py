"""The random generators that a whole process shares: torch's, numpy's and Python's."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import torch


def seed_torch(seed: int) -> None:
    """As `torch.manual_seed`, which also notes who called it for each kind of card: that takes longer than a step of a small model."""
    torch.default_generator.manual_seed(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


def seed_all(seed: int) -> None:
    """Seed them all, each in its own way."""
    seed_torch(seed)
    np.random.seed(seed)
    random.seed(seed)


def draws() -> dict[str, float]:
    """A number from each."""
    return {"torch": float(torch.rand(1)), "numpy.random": float(np.random.rand()), "random": random.random()}


def reset_by(action: Callable[[], object]) -> list[str]:
    """The generators that `action` seeds: those that give the same number after it, however they were seeded before."""
    found = []
    for seed in (1, 2):
        seed_all(seed)
        action()
        found.append(draws())
    return [name for name, value in found[0].items() if found[1][name] == value]
