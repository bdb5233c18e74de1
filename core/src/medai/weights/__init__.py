"""Weights of networks: what they are and whose, where they lie, and how they get into a network under other names.

Weights are safetensors files, which hold tensors and cannot run code. Older files (`.pth`, `.pt`, `.ckpt`, `.bin`) are converted, in a
process of their own. Weights that are asked for and cannot be had are an error: a network is never left random in silence.
"""

from typing import TYPE_CHECKING

from medai._deprecated import old_names
from medai.weights._find import as_safetensors, find
from medai.weights._keys import KeyMap
from medai.weights._legacy import Conversion, convert
from medai.weights._load import check, load_into
from medai.weights._record import Weights
from medai.weights._tensors import read, sha256

__all__ = ["Conversion", "KeyMap", "Weights", "as_safetensors", "check", "convert", "find", "load_into", "read", "sha256"]

if not TYPE_CHECKING:  # type checkers would let every name pass
    __getattr__ = old_names(__name__)
