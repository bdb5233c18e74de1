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
    MetricSpec(
        name="ensemble-defect",
        target="medai_rna.metrics.ensemble:EnsembleDefect",
        summary="expected share of bases that pair otherwise than is known, over a model's probabilities of pairs; draws a dot plot",
        task="base-pairing",
        inputs=("sequence",),
        implements=("pairing-probability-and-centroid",),
        license=_LICENSE,
        source="Zadeh et al. 2011, doi:10.1002/jcc.21633",
        example={"certain": True},
    ),
    MetricSpec(
        name="free-energy",
        target="medai_rna.metrics.energy:FreeEnergy",
        summary="difference between the free energies of the predicted and the known structure, in kcal/mol",
        task="base-pairing",
        inputs=("sequence",),
        implements=("free-energy",),
        license=_LICENSE,
        source="Turner and Mathews 2010, doi:10.1093/nar/gkp892",
        example={"energies": "turner-2004"},
    ),
    MetricSpec(
        name="runtime",
        target="medai_rna.metrics.runtime:Runtime",
        summary="milliseconds by the length of the sequence, and the power of the length by which they grow",
        task="base-pairing",
        inputs=("sequence",),
        implements=("runtime-complexity",),
        license=_LICENSE,
        source="Zhao et al. 2024, doi:10.53941/aim.2024.100006, section 5.1",
        of="model",
        example={"lengths": (20, 40), "repeats": 1},
    ),
)
