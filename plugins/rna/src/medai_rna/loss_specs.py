"""What scores of structures are learnt by. This module is light."""

from __future__ import annotations

from medai.api import LossSpec

LOSSES: tuple[LossSpec, ...] = (
    LossSpec(
        name="conditional-log-likelihood",
        target="medai_rna.losses.structured:ConditionalLogLikelihood",
        summary="how improbable the known structures are among all, and a Gaussian prior on the weights",
        task="base-pairing",
        license="Apache-2.0",
        source="Do et al. 2006, doi:10.1093/bioinformatics/btl246, eq. 3",
        implements=("conditional-log-likelihood", "boltzmann-likelihood"),
    ),
    LossSpec(
        name="constraint-generation-objective",
        target="medai_rna.losses.constraints:ConstraintGenerationObjective",
        summary="the squared slack by which the best structure outdoes the known one",
        task="base-pairing",
        license="Apache-2.0",
        source="Andronescu et al. 2007, doi:10.1093/bioinformatics/btm223",
    ),
    LossSpec(
        name="structured-hinge-loss",
        target="medai_rna.losses.structured:StructuredHinge",
        summary="by how much the best structure, its errors added, outdoes the known one; with L1, L2 and thermodynamic penalties",
        task="base-pairing",
        license="Apache-2.0",
        source="Sato et al. 2021, doi:10.1038/s41467-021-21194-4, eq. 4 to 6",
        implements=("structured-hinge-loss", "thermodynamic-regularisation", "l1-regularisation"),
    ),
)
