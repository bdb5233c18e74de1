"""How to execute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Options:
    """How to execute, apart from what: none of these belongs to the method.

    Attributes:
        device: `auto`, `cpu`, `cuda`, `cuda:N`, `mps`.
        seed: of the weights, the order and every case's generator.
        workers: loader processes; None: none on the CPU, which they would compete for, else up to eight.
        deterministic: torch's deterministic algorithms alone.
        compile: `torch.compile`, with a fallback.
        budget: largest fraction of a part's cases that may be quarantined.
        upstream: finished runs to use instead of running an upstream recipe.
    """

    device: str = "auto"
    seed: int = 0
    workers: int | None = None
    deterministic: bool = False
    compile: bool = False
    budget: float = 0.1
    upstream: Mapping[str, str] = field(default_factory=dict)

    def but_for(self, **given: Any) -> Options:
        """The same, but for what is given; None is not."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})
