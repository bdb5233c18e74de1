"""The grammars on data. This module is light."""

from __future__ import annotations

from typing import Any

from medai.api import Protocol, Recipe, Slot, Split, Train, Use, use
from medai_rna.protocols import ACCURACY

NESTED = {
    "structures": Slot(
        folder=use("rna/csv", pairs="nested", longest=500),
        embedded=use("rna/known-structures", pairs="nested"),
    )
}
"""All nested pairs, canonical or not, of sequences of up to 500 bases: a grammar makes any pair."""

FOLDABLE = {
    "structures": Slot(
        folder=use("rna/csv", pairs="foldable", longest=500),
        embedded=use("rna/known-structures", pairs="foldable"),
    )
}
"""Canonical nested pairs, and loops of up to 30 unpaired bases."""

TRANSFER_RNA = {
    "structures": Slot(
        folder=use("rna/of-families", source=use("rna/csv", pairs="nested", longest=150)),
        embedded=use("rna/of-families", source=use("rna/known-structures", pairs="nested"), families=("tRNA",)),
    )
}
"""One family; of a folder all that is in it, unless families are named."""

ALIGNMENTS = {
    "alignments": Slot(
        folder=use("rna/alignments", pairs="nested", longest=500),
        embedded=use("rna/known-alignments", pairs="nested"),
    )
}
"""Alignments with the structure of their consensus."""

PROTOCOL = Protocol(split=Split(valid=0.1, test=0.2), metrics=ACCURACY)


def _grammar(name: str, summary: str, source: str, model: Use | None = None, **fields: Any) -> Recipe:
    given: dict[str, Any] = {
        "data": NESTED,
        "protocol": PROTOCOL,
        "loss": use("rna/em-scfg-likelihood"),
        "train": Train(save_every=1, select="f1"),
        "implements": (name,),
        "baselines": (use("rna/turner"),),
        "scales": {"quick": {"train.steps": 2}, "small": {}},
    }
    return Recipe(
        name=name,
        task="base-pairing",
        summary=summary,
        source=source,
        license="Apache-2.0",
        model=model or use(f"rna/{name}"),
        **{**given, **fields},
    )


GRAMMAR_RECIPES: tuple[Recipe, ...] = (
    _grammar(
        "dowell-eddy-grammars",
        "small grammars, learnt by counting their rules in known structures; the most probable derivation",
        "Dowell and Eddy 2004, doi:10.1186/1471-2105-5-71",
    ),
    _grammar(
        "sakakibara-trna-scfg",
        "a grammar that follows the cloverleaf, learnt from transfer RNAs by expectation maximisation",
        "Sakakibara et al. 1994, doi:10.1093/nar/22.23.5112",
        data=TRANSFER_RNA,
        protocol=Protocol(split=Split(valid=0.15, test=0.3, by="case"), metrics=ACCURACY),
        scales={"quick": {"train.steps": 6}, "small": {}},
    ),
    _grammar(
        "rivas-2012-tornado",
        "loops with lengths, stacking and terminal mismatches as a grammar, learnt by counting; maximum expected accuracy",
        "Rivas, Lang and Eddy 2012, doi:10.1261/rna.030049.111",
        data=FOLDABLE,
    ),
    _grammar(
        "yonemoto-semi-supervised",
        "grammar and conditional random field in one; half of the training structures are kept back, and learnt from without",
        "Yonemoto, Asai and Hamada 2015, doi:10.1016/j.compbiolchem.2015.02.002",
        train=Train(save_every=1, select="f1", views=(use("rna/without-structures", share=0.5),)),
        scales={"quick": {"train.steps": 3, "model.iterations": 5}, "small": {}},
    ),
    _grammar(
        "pfold",
        "consensus structures of alignments by Knudsen and Hein's grammar and evolution along a tree",
        "Knudsen and Hein 1999, doi:10.1093/bioinformatics/15.6.446; 2003, doi:10.1093/nar/gkg614",
        data=ALIGNMENTS,
        loss=None,
        protocol=Protocol(split=Split(valid=0.2, test=0.4), metrics=ACCURACY),
        scales={"quick": {}, "small": {}},
        baselines=(use("rna/turner"), use("rna/pfold", rows=1)),
    ),
    _grammar(
        "hdp-scfg",
        "a grammar under a hierarchical Dirichlet process: how many nonterminals it has is learnt",
        "Sato et al. 2010, doi:10.1142/S0219720010004926",
        scales={"quick": {"train.steps": 12, "model.nonterminals": 4, "train.validate_every": 6}, "small": {}},
    ),
)
