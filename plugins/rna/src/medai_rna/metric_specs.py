"""How near predicted pairs are to known ones. This module is light."""

from __future__ import annotations

from medai.api import MetricSpec

_LICENSE = "Apache-2.0"

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="pair-f1",
        target="medai_rna.metrics.accuracy:PairF1",
        summary="F1, precision, recall and Matthews' correlation of base pairs: by sequence, pooled or by family, exact or with a slip",
        task="base-pairing",
        inputs=("sequence",),
        implements=("f-measure", "prediction-accuracy-generic"),
        license=_LICENSE,
        source="Mathews et al. 1999, doi:10.1006/jmbi.1999.2700; Andronescu et al. 2007, doi:10.1093/bioinformatics/btm223",
    ),
)
