"""Asking a network about images that it does not take as they are: in tiles, turned about, padded, or in another size.

All of it works on tensors, channel first, on any device; a network is any callable that gives one tensor for one.
"""

from typing import TYPE_CHECKING

from medai._deprecated import old_names
from medai.inference._fit import Fit
from medai.inference._flips import flipped
from medai.inference._pad import padded
from medai.inference._tiled import tiled

__all__ = ["Fit", "flipped", "padded", "tiled"]

if not TYPE_CHECKING:  # type checkers would let every name pass
    __getattr__ = old_names(__name__)
