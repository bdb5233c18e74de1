"""Published grammars."""

from __future__ import annotations

DOWELL_EDDY: dict[str, str] = {
    # Ambiguous: one structure has several derivations.
    "G1": "S -> a S a' | a S | S a | S+ S+ | e",
    "G2": """
        S -> a P a' | a S | S a | S+ S+ | e
        P -> [c] a P a' [c'] | S
    """,
    "G3": """
        S -> a S a' | a L | R a | L S
        L -> a S a' | a L
        R -> R a | e
    """,
    "G4": """
        S -> a S | T | e
        T -> T a | a S a' | T a S a'
    """,
    "G5": "S -> a S | a S a' S | e",
    "G6": """
        S -> L S | L
        L -> a F a' | a
        F -> a F a' | L S
    """,
    "G6S": """
        S -> L S | L
        L -> a F a' | a
        F -> [c] a F a' [c'] | L S
    """,
    "G7": """
        S -> a P a' | a L | R a | L S
        L -> a P a' | a L
        R -> R a | e
        P -> [c] a P a' [c'] | N
        N -> a L | R a | L S
    """,
    "G8": """
        S -> a S | T | e
        T -> T a | a P a' | T a P a'
        P -> [c] a P a' [c'] | N
        N -> a S | T a | T a P a'
    """,
}
"""The nine of Dowell and Eddy 2004 (BMC Bioinformatics 5:71). G1 and G2 are ambiguous; there S -> S S could go on for ever where S
is empty, so that its parts make one base at least. G2, G6S, G7 and G8 have pairs that depend on the one around them."""

AMBIGUOUS = frozenset({"G1", "G2"})

_MULTILOOP = """
    N -> {free} N | L
    R -> N R | N T
    T -> {free} T | e
"""
"""Two branches or more: each N is unpaired bases and a branch, and T the unpaired bases behind the last."""

TORNADO: dict[str, str] = {
    "basic": """
        S -> a S | L S | e
        L -> a P a'
        P -> L
           | x{3..30 hairpin} | x{30} U
           | x{1..30 bulge-left} L | L x{1..30 bulge-right}
           | x{1..29 interior} L y{1..29}
           | N R
        U -> a U | a
    """
    + _MULTILOOP.format(free="a"),
    "stacking": """
        S -> a S | L S | e
        L -> a P a'
        P -> [c] a P a' [c'] <stack>
           | x{3..30 hairpin} | x{30} U
           | x{1..30 bulge-left} L | L x{1..30 bulge-right}
           | x{1..29 interior} L y{1..29}
           | N R
        U -> a U | a
    """
    + _MULTILOOP.format(free="a"),
    "nearest-neighbour": """
        S -> [b] a S | L S | e
        L -> [b] a P a' <branch>
        P -> [c] a P a' [c'] <stack>
           | x{3} | a b c d <tetraloop>
           | [c] a x{3..28 hairpin} b [c'] <hairpin-mismatch>
           | [c] a x{28} U b [c'] <hairpin-mismatch>
           | x{1..30 bulge-left} B | B x{1..30 bulge-right}
           | [c] a x{0..28 interior} I y{0..28} b [c'] <interior-mismatch>
           | N R
        B -> [b] a P a' <bulge-pair>
        I -> [b] a P a' [d] <interior-pair>
        U -> a U | a
    """
    + _MULTILOOP.format(free="[b] a"),
}
"""From loops with lengths to nearly the nearest-neighbour model, after the range of Rivas, Lang and Eddy 2012 (RNA 18:193). `basic` tells
hairpins, bulges, interior loops and multiloops apart, each with a distribution over its length. `stacking` has pairs that depend on the
one around them. `nearest-neighbour` adds terminal mismatches of hairpins and interior loops given the closing pair, inner pairs given
their mismatch, tetraloops, branches and unpaired bases given their 5' neighbour. Interior loops have 32 unpaired bases at most."""

KNUDSEN_HEIN = """
    S -> L S (0.868534) | L (0.131466)
    L -> a (0.894603) | a F a' (0.105397)
    F -> a F a' (0.787640) | L S (0.212360)
"""
"""Knudsen and Hein 1999 (Bioinformatics 15:446), with the probabilities of Pfold (Knudsen and Hein 2003, Nucleic Acids Res. 31:3423)."""

KNUDSEN_HEIN_SINGLE = (0.364097, 0.151009, 0.211881, 0.273013)
"""Frequencies of unpaired A, C, G and U there."""

KNUDSEN_HEIN_PAIR = (
    (0.001167, 0.001806, 0.001058, 0.177977),
    (0.001806, 0.000391, 0.266974, 0.000763),
    (0.001058, 0.266974, 0.000406, 0.049043),
    (0.177977, 0.000763, 0.049043, 0.002793),
)
"""Frequencies of pairs there, the 5' base by row; A, C, G, U."""
