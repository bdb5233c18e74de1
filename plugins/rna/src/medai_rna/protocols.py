"""What recipes measure: the field's figures, by sequence, pooled and by family. This module is light."""

from __future__ import annotations

from medai.api import Use, use

ACCURACY: tuple[Use, ...] = (
    use("rna/pair-f1"),
    use("rna/pair-f1", slip=1),
    use("rna/pair-f1", average="pooled"),
    use("rna/pair-f1", average="families"),
    use("rna/ensemble-defect"),
)
"""For `Protocol.metrics`: F1, precision, recall and Matthews' correlation, means over sequences; with a slip of one position; of all pairs
pooled; means over families; and what a model's probabilities of pairs are worth, where it gives some."""

NESTED_CANONICAL: tuple[Use, ...] = (use("rna/pair-f1", pseudoknots=False, noncanonical=False),)
"""Beside `ACCURACY` where references hold pseudoknots or other pairs: what a method is worth that cannot predict them."""
