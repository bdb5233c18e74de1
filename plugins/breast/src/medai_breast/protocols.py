"""The study's protocol and one that does not leak, each with and without BUSI's normal images. This module is light.

The study shares images out 8:1:1 at random (section 3.2), whoever they are of, and BUSI holds many images more than once: some of a test
part are then in the training part too. It does not say whether it uses the normal images, which have no box.
"""

from __future__ import annotations

from collections.abc import Mapping

from medai.api import Split

NORMAL = "class=normal"
CROSS_CLASS = "cross-class"
"""Images that show the same frame under two classes: one of them is wrong, and nobody knows which."""

SPLIT_PAPER = Split(valid=0.1, test=0.1, by="case", without=(NORMAL,))
SPLIT_PAPER_WITH_NORMAL = Split(valid=0.1, test=0.1, by="case")
SPLIT_HONEST = Split(valid=0.1, test=0.1, without=(NORMAL, CROSS_CLASS))
SPLIT_HONEST_WITH_NORMAL = Split(valid=0.1, test=0.1, without=(CROSS_CLASS,))

PROTOCOLS: Mapping[str, Mapping[str, object]] = {
    "paper": {"split": SPLIT_PAPER},
    "paper-with-normal": {"split": SPLIT_PAPER_WITH_NORMAL},
    "honest": {"split": SPLIT_HONEST},
    "honest-with-normal": {"split": SPLIT_HONEST_WITH_NORMAL},
}
"""For `Recipe.protocols`; a recipe's own split is `SPLIT_HONEST`."""
