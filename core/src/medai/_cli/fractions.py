"""Options that are a fraction."""

from __future__ import annotations

import math
from typing import Any

import click


class Fraction(click.FloatRange):
    """A number from 0 to 1; what is not a number is none."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            click.BadParameter: it is none from 0 to 1.
        """
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail("nan is not from 0 to 1", param, ctx)
        return found


FRACTION = Fraction()
