"""Asking a network about images that it does not take as they are: in tiles, turned about, padded, on another scale or in another size.

All of it works on tensors, channel first, on any device; a network is any callable that gives one tensor for one. `Frame` and `BoxFrame`
are bases of models that look at images on a scale and at a size of their own and answer on the image's.
"""

from typing import TYPE_CHECKING

from medai._deprecated import old_names
from medai.inference._boxes import BoxFrame
from medai.inference._fit import Fit
from medai.inference._flips import flipped
from medai.inference._frame import IMAGENET, PLAIN, Frame, Size, Statistics, Window, steady
from medai.inference._pad import padded
from medai.inference._tiled import tiled

__all__ = ["IMAGENET", "PLAIN", "BoxFrame", "Fit", "Frame", "Size", "Statistics", "Window", "flipped", "padded", "steady", "tiled"]

if not TYPE_CHECKING:  # type checkers would let every name pass
    __getattr__ = old_names(__name__)
