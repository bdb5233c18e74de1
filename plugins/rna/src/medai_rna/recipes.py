"""The methods on data, each with its paper's objective. This module is light.

Without a folder they learn from forty-six small known structures, families apart: enough to see them work, not to judge them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from medai.api import Protocol, Recipe, Slot, Split, Train, Use, use
from medai_rna.protocols import ACCURACY

_SURVEY = "Zhao et al. 2024, doi:10.53941/aim.2024.100006"

DATA = {
    "structures": Slot(
        folder=use("rna/csv", pairs="foldable", longest=500),
        embedded=use("rna/known-structures", pairs="foldable"),
    )
}
"""Pairs that the folding engine can score, of sequences of up to 500 bases."""

PROTOCOL = Protocol(split=Split(valid=0.1, test=0.2), metrics=ACCURACY)
"""Families apart, where the data tell them."""

BASELINES = (use("rna/turner"),)


def learnt(
    name: str, summary: str, source: str, *, loss: Use | None, train: Train, quick: Mapping[str, Any], model: Use | None = None
) -> Recipe:
    """A method that learns from structures, beside the best structure by Turner's energies."""
    return Recipe(
        name=name,
        task="base-pairing",
        summary=summary,
        source=source,
        model=model or use(f"rna/{name}"),
        loss=loss,
        data=DATA,
        protocol=PROTOCOL,
        train=train,
        baselines=BASELINES,
        scales={"quick": quick, "small": {}},
        implements=(name,),
    )


def _plain(name: str, summary: str, source: str, model: Use, **fields: Any) -> Recipe:
    """A method that learns nothing."""
    return Recipe(
        name=name,
        task="base-pairing",
        summary=summary,
        source=source,
        model=model,
        protocol=PROTOCOL,
        implements=(name,),
        **{"data": DATA, **fields},
    )


def _by_adam(rate: float, *, batch: int, epochs: int, clip: float | None = None) -> Train:
    return Train(
        batch=batch,
        epochs=epochs,
        optimizers={"all": use("Adam", lr=rate)},
        schedule=use("CosineAnnealingLR"),
        clip=clip,
        select="f1",
    )


def _by_rounds(count: int) -> Train:
    return Train(epochs=count, validate_every=1, select="f1")


def _short(rate: float) -> Mapping[str, Any]:
    """A training of a minute, on the few structures that the plugin brings."""
    return {
        "train.batch": 8,
        "train.epochs": None,
        "train.steps": 60,
        "train.validate_every": 30,
        "train.optimizers": {"all": use("Adam", lr=rate)},
    }


RECIPES: tuple[Recipe, ...] = (
    _plain(
        "nussinov-jacobson",
        "the most nested pairs that there can be",
        "Nussinov and Jacobson 1980, doi:10.1073/pnas.77.11.6309",
        use("rna/nussinov-jacobson"),
        baselines=BASELINES,
    ),
    _plain("mfe-methods", "minimum free energy by Turner's parameters of 2004", _SURVEY, use("rna/turner")),
    _plain(
        "shape-directed-method",
        "minimum free energy with pseudo-energies of SHAPE: model.reactivities names a folder of them",
        "Deigan et al. 2009, doi:10.1073/pnas.0806929106",
        use("rna/shape-directed-method"),
        baselines=BASELINES,
    ),
    _plain(
        "probknot",
        "bases that are each other's most probable partners, so that pairs may cross",
        "Bellaousov and Mathews 2010, doi:10.1261/rna.2125310",
        use("rna/turner", decode="probknot"),
        data={"structures": Slot(folder=use("rna/csv", pairs="canonical"), embedded=use("rna/known-structures", pairs="canonical"))},
        baselines=BASELINES,
    ),
    learnt(
        "contrafold",
        "conditional log-linear model over features of loops, with an L2 penalty",
        "Do et al. 2006, doi:10.1093/bioinformatics/btl246",
        loss=use("rna/conditional-log-likelihood", l2=1e-4),
        train=_by_adam(0.03, batch=32, epochs=20),
        quick=_short(0.1),
    ),
    learnt(
        "ssvm-structured-svm",
        "structured support vector machine over CONTRAfold's features",
        "Tsochantaridis et al. 2005; Akiyama et al. 2018, doi:10.1142/S0219720018400255",
        model=use("rna/contrafold", decode="mfe"),
        loss=use("rna/structured-hinge-loss", l2=1e-4),
        train=_by_adam(0.03, batch=32, epochs=20),
        quick=_short(0.1),
    ),
    learnt(
        "mxfold",
        "structured support vector machine over detailed elements, added to Turner's energies, with an L1 penalty",
        "Akiyama et al. 2018, doi:10.1142/S0219720018400255",
        loss=use("rna/structured-hinge-loss", l1=1e-5),
        train=_by_adam(0.01, batch=32, epochs=20),
        quick=_short(0.01),
    ),
    learnt(
        "contextfold",
        "weights of elements in wide context, learnt online by passive-aggressive steps",
        "Zakov et al. 2011, doi:10.1089/cmb.2011.0184",
        loss=None,
        train=Train(batch=1, epochs=5, optimizers={"all": use("SGD", lr=1.0)}, select="f1"),
        quick={"train.epochs": 2},
    ),
    learnt(
        "mxfold2",
        "a network's scores of helices added to Turner's energies: hinge loss, thermodynamic and L1 penalties",
        "Sato et al. 2021, doi:10.1038/s41467-021-21194-4",
        loss=use("rna/structured-hinge-loss", l1=1e-6, thermodynamic=0.1),
        train=_by_adam(1e-3, batch=8, epochs=10, clip=10.0),
        quick=_short(3e-3),
    ),
    learnt(
        "andronescu-cg-2007",
        "energies of loops by constraint generation, from Turner's on",
        "Andronescu et al. 2007, doi:10.1093/bioinformatics/btm223",
        loss=None,
        train=_by_rounds(20),
        quick={"train.epochs": 8},
    ),
    learnt(
        "andronescu-lam-cg",
        "energies of loops by loss-augmented constraint generation, from Turner's on",
        "Andronescu et al. 2010, doi:10.1261/rna.1950510",
        loss=None,
        train=_by_rounds(20),
        quick={"train.epochs": 8},
    ),
    learnt(
        "andronescu-boltzmann-likelihood",
        "energies of loops by the Boltzmann likelihood of known structures, from Turner's on",
        "Andronescu et al. 2010, doi:10.1261/rna.1950510",
        loss=None,
        train=_by_rounds(10),
        quick={"train.epochs": 4},
    ),
    replace(
        learnt(
            "contrafold-by-constraints",
            "CONTRAfold's features, learnt by the objective of constraint generation, with a margin",
            "Andronescu et al. 2007, doi:10.1093/bioinformatics/btm223; Do et al. 2006, doi:10.1093/bioinformatics/btl246",
            model=use("rna/contrafold", decode="mfe"),
            loss=use("rna/constraint-generation-objective", margin=0.1),
            train=_by_adam(0.03, batch=32, epochs=20),
            quick=_short(0.1),
        ),
        implements=(),
    ),
    Recipe(
        name="xia-1998",
        task="regression",
        summary="energies of stacks by weighted linear regression on melting data; exported, they stand in Turner's tables",
        source="Xia et al. 1998, doi:10.1021/bi9809425",
        model=use("rna/xia-1998"),
        data={"melting": Slot(folder=use("rna/melting"), embedded=use("rna/drawn-melting"))},
        protocol=Protocol(split=Split(valid=0.0, test=0.25)),
        train=Train(epochs=1, validate_every=1),
        baselines=(use("rna/duplex-energies"),),
        scales={"quick": {}},
        implements=("xia-1998",),
        license="Apache-2.0",
    ),
)
