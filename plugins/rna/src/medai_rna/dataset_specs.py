"""Sequences with their structures, and data of melting. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

DATASETS: tuple[DatasetSpec, ...] = (
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
