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
"""The nine of Dowell and Eddy 2004 (BMC Bioinformatics 5:71, table 1). G1 and G2 are ambiguous; there S -> S S could go on for ever where S
is empty, so that its parts make one base at least. G2, G6S, G7 and G8 have pairs that depend on the one around them."""

AMBIGUOUS = frozenset({"G1", "G2"})
