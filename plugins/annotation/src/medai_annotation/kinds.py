"""The annotations that there are. This module is light."""

from __future__ import annotations

from typing import Literal

Kind = Literal["body-marker", "radial-line", "vascular-flow"]
KINDS: tuple[Kind, ...] = ("body-marker", "radial-line", "vascular-flow")
"""In the order of the study; as classes of pixels they count from 1, as classes of boxes from 0."""
