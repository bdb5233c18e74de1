"""The study's losses, by its names. This module is light."""

from __future__ import annotations

from medai.api import LossSpec

LOSSES: tuple[LossSpec, ...] = ()
