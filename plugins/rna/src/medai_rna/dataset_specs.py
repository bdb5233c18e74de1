"""Sequences with their structures, and data of melting. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="melting",
        target="medai_rna.datasets.melting:Melting",
        summary="melting experiments of duplexes, a CSV file: strand1, strand2, dG37, sd",
        task="regression",
        inputs=("row",),
        source="the user's own, such as the tables of Xia et al. 1998, doi:10.1021/bi9809425",
        needs=("a CSV file with the columns strand1 and strand2 (5' to 3'), dG37 and sd in kcal/mol",),
    ),
    DatasetSpec(
        name="drawn-melting",
        target="medai_rna.datasets.melting:DrawnMelting",
        summary="duplexes with energies drawn from Turner's values and noise: no experiment",
        task="regression",
        inputs=("row",),
        license="Apache-2.0",
        source="drawn from NNDB's values (Turner and Mathews 2010), doi:10.1093/nar/gkp892",
    ),
    DatasetSpec(
        name="known-structures",
        target="medai_rna.datasets.tables:KnownStructures",
        summary="fifty small structures known by experiment or comparison, with their sources; families are groups",
        task="base-pairing",
        inputs=("sequence",),
        license="CC0-1.0",
        source="tRNAdb (Juehling et al. 2009), PseudoBase (van Batenburg et al. 2001), Rfam 14.2 (Kalvari et al. 2021), PDB: each row "
        "has its accession",
    ),
    DatasetSpec(
        name="csv",
        target="medai_rna.datasets.tables:StructureTable",
        summary="a CSV file with a sequence and its structure in each row: id, family, sequence, structure",
        task="base-pairing",
        inputs=("sequence",),
        source="the user's own",
        needs=("a CSV file with the columns id, sequence and structure (dot-bracket, all layers), and family where it is known",),
    ),
)
