"""The methods, by the survey's names. This module is light."""

from __future__ import annotations

from typing import Any

from medai.api import ModelSpec

_SURVEY = "Zhao et al. 2024, doi:10.53941/aim.2024.100006"


def _model(name: str, target: str, summary: str, source: str, implements: tuple[str, ...] = (), **fields: Any) -> ModelSpec:
    return ModelSpec(
        name=name,
        target=f"medai_rna.models.{target}",
        summary=summary,
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
        source=source,
        implements=implements,
        **fields,
    )


MODELS: tuple[ModelSpec, ...] = (
    _model(
        "contrafold",
        "contrafold:Contrafold",
        "a conditional log-linear model over 336 features of loops, decoded for maximum expected accuracy",
        "Do et al. 2006, doi:10.1093/bioinformatics/btl246",
        implements=("cllm",),
    ),
    _model(
        "mxfold",
        "mxfold:Mxfold",
        "a weight for every element of the energy tables, added to Turner's energies",
        "Akiyama et al. 2018, doi:10.1142/S0219720018400255",
        known_failures={"model.loss-falls": "the kit's hairpins are what the energies predict with any margin: nothing is left to learn"},
    ),
    _model(
        "contextfold",
        "contextfold:Contextfold",
        "some 72,000 weights of elements in wide context, learnt by passive-aggressive steps",
        "Zakov et al. 2011, doi:10.1089/cmb.2011.0184",
    ),
    _model(
        "mxfold2",
        "mxfold2:Mxfold2",
        "a convolutional and recurrent network's scores of helices, added to Turner's energies",
        "Sato et al. 2021, doi:10.1038/s41467-021-21194-4",
    ),
    _model(
        "turner",
        "turner:Turner",
        "published energies of loops, and nothing learnt: the best structure, or another by its ensemble",
        "Zuker and Stiegler 1981; McCaskill 1990; Turner and Mathews 2010 (NNDB), doi:10.1093/nar/gkp892",
        implements=("turner-nn-model",),
    ),
    _model(
        "shape-directed-method",
        "probed:ShapeDirected",
        "published energies and pseudo-energies of SHAPE reactivities; nothing is learnt",
        "Deigan et al. 2009, doi:10.1073/pnas.0806929106",
        implements=("shape-directed-method", "format-shape-profile"),
    ),
    _model(
        "nussinov-jacobson",
        "nussinov:Nussinov",
        "the most nested pairs that there can be; nothing is learnt",
        "Nussinov and Jacobson 1980, doi:10.1073/pnas.77.11.6309",
    ),
    _model(
        "andronescu-cg-2007",
        "constraints:ConstraintGeneration",
        "energies by constraint generation: known structures shall have the least energy",
        "Andronescu et al. 2007, doi:10.1093/bioinformatics/btm223",
    ),
    _model(
        "andronescu-lam-cg",
        "constraints:LossAugmentedConstraintGeneration",
        "constraint generation with a margin that grows with the errors of a structure",
        "Andronescu et al. 2010, doi:10.1261/rna.1950510",
    ),
    _model(
        "andronescu-boltzmann-likelihood",
        "boltzmann:BoltzmannLikelihood",
        "energies of the highest likelihood of known structures, near Turner's",
        "Andronescu et al. 2010, doi:10.1261/rna.1950510",
    ),
    ModelSpec(
        name="xia-1998",
        target="medai_rna.models.duplexes:Xia1998",
        summary="nearest-neighbour terms of duplexes (INN-HB), by weighted linear regression on melting data",
        task="regression",
        inputs=("row",),
        license="Apache-2.0",
        source="Xia et al. 1998, doi:10.1021/bi9809425",
    ),
    ModelSpec(
        name="duplex-energies",
        target="medai_rna.models.duplexes:DuplexEnergies",
        summary="the energy of a duplex by published tables or a file `.par`; nothing is learnt",
        task="regression",
        inputs=("row",),
        license="Apache-2.0",
        source="Turner and Mathews 2010 (NNDB), doi:10.1093/nar/gkp892",
    ),
)
