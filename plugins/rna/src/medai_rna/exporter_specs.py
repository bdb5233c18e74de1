"""Files of structures. This module is light."""

from __future__ import annotations

from medai.api import ExporterSpec

EXPORTERS: tuple[ExporterSpec, ...] = (
    ExporterSpec(
        name="parameter-file",
        target="medai_rna.exporters.parameters:ParameterFile",
        summary="learnt energies of loops as a file `.par`, which folding programs read",
        of="model",
        license="Apache-2.0",
    ),
    ExporterSpec(
        name="structures",
        target="medai_rna.exporters.structures:Structures",
        summary="structures as dot-bracket, CT, BPSEQ, Stockholm, bpRNA's `.st` with its stems and loops, or JSON",
        implements=("bprna-tool",),
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
        example={"format": "ct"},
    ),
    ExporterSpec(
        name="svg",
        target="medai_rna.exporters.pictures:Svg",
        summary="drawings of structures as SVG: layouts, arcs, matrices of pairs",
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
        example={"drawing": "layout"},
    ),
    ExporterSpec(
        name="probabilities",
        target="medai_rna.exporters.probabilities:Probabilities",
        summary="the probability of each pair as a CSV table, of models that decode probabilities",
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
        example={"least": 0.01},
    ),
)
