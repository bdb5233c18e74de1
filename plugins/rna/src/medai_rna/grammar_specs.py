"""Models that are grammars, and what they need. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, LossSpec, ModelSpec


def _model(name: str, target: str, summary: str, source: str, implements: tuple[str, ...] = (), **example: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        target=f"medai_rna.models.{target}",
        summary=summary,
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
        source=source,
        implements=implements,
        example=example,
    )


GRAMMAR_MODELS: tuple[ModelSpec, ...] = (
    _model(
        "scfg",
        "grammars:Scfg",
        "a stochastic context-free grammar of one's own, given as text, learnt by expectation maximisation",
        "Eddy and Durbin 1994, doi:10.1093/nar/22.11.2079; Lari and Young 1990",
        implements=("scfg-framework",),
        rounds=3,
    ),
    _model(
        "dowell-eddy-grammars",
        "grammars:DowellEddy",
        "one of nine small stochastic context-free grammars, learnt by counting",
        "Dowell and Eddy 2004, doi:10.1186/1471-2105-5-71",
    ),
    _model(
        "sakakibara-trna-scfg",
        "sakakibara:Sakakibara",
        "a grammar with a nonterminal for every place of a family's structure, learnt by expectation maximisation",
        "Sakakibara et al. 1994, doi:10.1093/nar/22.23.5112",
    ),
    _model(
        "rivas-2012-tornado",
        "grammars:Tornado",
        "grammars from loops with lengths to nearly the nearest-neighbour model, decoded for maximum expected accuracy",
        "Rivas, Lang and Eddy 2012, doi:10.1261/rna.030049.111",
    ),
    _model(
        "pfold",
        "pfold:Pfold",
        "the consensus structure of an alignment: a grammar over columns that evolve along a tree",
        "Knudsen and Hein 1999, doi:10.1093/bioinformatics/15.6.446; 2003, doi:10.1093/nar/gkg614",
    ),
    _model(
        "hdp-scfg",
        "hdp:HdpScfg",
        "a grammar under a hierarchical Dirichlet process, with as many nonterminals as the data support",
        "Sato et al. 2010, doi:10.1142/S0219720010004926; Liang et al. 2007",
        nonterminals=2,
    ),
    _model(
        "yonemoto-semi-supervised",
        "yonemoto:Yonemoto",
        "a hybrid of grammar and conditional random field, learnt from known structures and from sequences alone",
        "Yonemoto, Asai and Hamada 2015, doi:10.1016/j.compbiolchem.2015.02.002; Suzuki and Isozaki 2008",
        grammar="G6",
        iterations=3,
    ),
)

GRAMMAR_LOSSES: tuple[LossSpec, ...] = (
    LossSpec(
        name="em-scfg-likelihood",
        target="medai_rna.losses.likelihood:EmLikelihood",
        summary="the expected negative log likelihood of derivations, which each round of expectation maximisation makes smallest",
        task="base-pairing",
        license="Apache-2.0",
        source="Sakakibara et al. 1994, doi:10.1093/nar/22.23.5112; Dempster, Laird and Rubin 1977",
        implements=("em-scfg-likelihood",),
    ),
)

GRAMMAR_DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="of-families",
        target="medai_rna.datasets.families:OfFamilies",
        summary="of another data set, the sequences of some families alone",
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
    ),
    DatasetSpec(
        name="without-structures",
        target="medai_rna.datasets.hidden:WithoutStructures",
        summary="another data set, of which a share has no structures: to learn from sequences alone",
        task="base-pairing",
        inputs=("sequence",),
        license="Apache-2.0",
    ),
    DatasetSpec(
        name="alignments",
        target="medai_rna.datasets.alignments:Alignments",
        summary="Stockholm files: each alignment with the structure of its consensus",
        task="base-pairing",
        inputs=("sequence",),
        source="Rfam's seed alignments (Kalvari et al. 2021), or the user's own",
        needs=("a Stockholm file, ROOT.sto or ROOT.sto.gz, or a folder of them, such as Rfam.seed of https://rfam.org (CC0)",),
    ),
    DatasetSpec(
        name="known-alignments",
        target="medai_rna.datasets.alignments:KnownAlignments",
        summary="twelve small seed alignments of Rfam with their structures",
        task="base-pairing",
        inputs=("sequence",),
        license="CC0-1.0",
        source="Rfam 14.2: Kalvari et al. 2021, doi:10.1093/nar/gkaa1047",
    ),
)
