"""What scores of structures are learnt by. This module is light."""

from __future__ import annotations

from medai.api import LossSpec

LOSSES: tuple[LossSpec, ...] = ()
