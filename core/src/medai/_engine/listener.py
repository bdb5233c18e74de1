"""What a run tells whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping


class Listener:
    """Hears of stages, steps and warnings; this one keeps silent."""

    def stage(self, text: str) -> None:
        """A new stage has begun."""

    def step(self, step: int, total: int | None, figures: Mapping[str, float]) -> None:
        """A step was logged; `total` is None where it is not known beforehand."""

    def close(self) -> None:
        """Nothing more will come for now."""

    def validated(self, step: int, figures: Mapping[str, float], best: bool) -> None:
        """A validation was made."""

    def warn(self, text: str) -> None:
        """Something that the user must see and that does not stop the run."""
