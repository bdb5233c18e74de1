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

PROTOCOL = Protocol(split=Split(valid=0.1, test=0.2), metrics=ACCURACY)


def _grammar(name: str, summary: str, source: str, model: Use | None = None, **fields: Any) -> Recipe:
    given: dict[str, Any] = {"data": NESTED, "protocol": PROTOCOL, "implements": (name,), "baselines": (use("rna/turner"),)}
    return Recipe(
        name=name,
        task="base-pairing",
        summary=summary,
        source=source,
        model=model or use(f"rna/{name}"),
        loss=use("rna/em-scfg-likelihood"),
        train=Train(save_every=1, select="f1"),
        scales={"quick": {"train.steps": 2}, "small": {}},
        **{**given, **fields},
    )


GRAMMAR_RECIPES: tuple[Recipe, ...] = (
    _grammar(
        "dowell-eddy-grammars",
        "small grammars, learnt by counting their rules in known structures; the most probable derivation",
        "Dowell and Eddy 2004, doi:10.1186/1471-2105-5-71",
    ),
)
