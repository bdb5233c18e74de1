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
        implements=("nndb",),
    ),
    DatasetSpec(
        name="known-structures",
        target="medai_rna.datasets.tables:KnownStructures",
        summary="forty-six small structures known by experiment or comparison, with their sources; families are groups",
        task="base-pairing",
        inputs=("sequence",),
        license="CC0-1.0",
        implements=("family-wise-cross-validation",),
        source="tRNAdb (Juehling et al. 2009), PseudoBase (van Batenburg et al. 2001), Rfam 14.2 (Kalvari et al. 2021): each row "
        "has its accession",
    ),
    DatasetSpec(
        name="csv",
        target="medai_rna.datasets.tables:StructureTable",
        summary="a CSV file with a sequence and its structure in each row: id, family, sequence, structure",
        task="base-pairing",
        inputs=("sequence",),
        source="the user's own",
        implements=("sequence-wise-cross-validation",),
        needs=("a CSV file with the columns id, sequence and structure (dot-bracket, all layers), and family where it is known",),
    ),
    DatasetSpec(
        name="bprna-1m",
        target="medai_rna.datasets.folders:BpRna1m",
        summary="bpRNA-1m: more than 100,000 structures from seven databases, with SPOT-RNA's split where its folders or lists are there",
        task="base-pairing",
        inputs=("sequence",),
        license="LicenseRef-none-stated",
        source="Danaee et al. 2018, doi:10.1093/nar/gky285; the split: Singh et al. 2019, doi:10.1038/s41467-019-13395-9",
        needs=(
            "the structures from https://bprna.cgrb.oregonstate.edu, with no licence but those of the databases that they come from; or "
            "SPOT-RNA's part of them, TR0, VL0 and TS0, from https://github.com/jaswindersingh2/SPOT-RNA",
            "laid out as ROOT/bpRNA_RFAM_1.st ..., .dbn, .ct or .bpseq; or ROOT/TR0/, ROOT/VL0/ and ROOT/TS0/ with such files; or lists "
            "ROOT/TR0.txt, VL0.txt and TS0.txt beside them",
        ),
    ),
    DatasetSpec(
        name="archiveii",
        target="medai_rna.datasets.folders:ArchiveII",
        summary="ArchiveII: 3,975 structures of ten families, the field's benchmark",
        task="base-pairing",
        inputs=("sequence",),
        license="LicenseRef-none-stated",
        source="Sloma and Mathews 2016, doi:10.1261/rna.053694.115",
        implements=("format-ct-table",),
        needs=(
            "archiveII.tar.gz from https://rna.urmc.rochester.edu/publications.html; no licence is stated",
            "laid out as ROOT/5s_Escherichia-coli-1.ct, ROOT/tRNA_tdbR00000001-...ct ...: the family, and a name",
        ),
    ),
    DatasetSpec(
        name="rnastralign",
        target="medai_rna.datasets.folders:RnaStrAlign",
        summary="RNAStralign: 37,149 structures of eight families",
        task="base-pairing",
        inputs=("sequence",),
        license="LicenseRef-none-stated",
        source="Tan et al. 2017 (TurboFold II), doi:10.1093/nar/gkx815",
        needs=(
            "RNAStralign.tar.gz from https://rna.urmc.rochester.edu/publications.html; no licence is stated",
            "laid out as ROOT/5S_rRNA_database/Bacteria/B00001.ct ..., a folder for each family; or the same in a folder in ROOT",
        ),
    ),
    DatasetSpec(
        name="rna-strand",
        target="medai_rna.datasets.folders:RnaStrand",
        summary="RNA STRAND 2.0: 4,666 structures from eight sources",
        task="base-pairing",
        inputs=("sequence",),
        license="LicenseRef-none-stated",
        source="Andronescu et al. 2008, doi:10.1186/1471-2105-9-340",
        needs=(
            "all CT, BPSEQ or dot-parenthesis files from http://www.rnasoft.ca/strand, with no licence but those of their sources",
            "laid out as ROOT/ASE_00001.ct (or .bpseq, .dp) ...; ROOT/families.csv with the columns id and family says types of RNA",
        ),
    ),
    DatasetSpec(
        name="rfam-seed",
        target="medai_rna.datasets.folders:RfamSeed",
        summary="Rfam's seed alignments as single sequences, each with the consensus structure laid on it",
        task="base-pairing",
        inputs=("sequence",),
        license="CC0-1.0",
        source="Kalvari et al. 2021 (Rfam 14), doi:10.1093/nar/gkaa1047",
        implements=("rfam-14",),
        needs=(
            "Rfam.seed.gz from https://ftp.ebi.ac.uk/pub/databases/Rfam/CURRENT, CC0; call it Rfam.seed.sto.gz",
            "a Stockholm file, ROOT.sto or ROOT.sto.gz, or a folder of them",
        ),
    ),
    DatasetSpec(
        name="pdb-lists",
        target="medai_rna.datasets.folders:PdbLists",
        summary="pairs derived from structures of the PDB: with bases of several partners, and pairs that are not canonical",
        task="base-pairing",
        inputs=("sequence",),
        license="CC0-1.0",
        source="Burley et al. 2021, doi:10.1093/nar/gkaa1038; lists as of Singh et al. 2019, doi:10.1038/s41467-019-13395-9",
        implements=("rcsb-pdb", "target-noncanonical-pairs", "target-base-triples"),
        needs=(
            "lists of pairs, as DSSR, FR3D or MC-Annotate derive them from entries of https://www.rcsb.org (CC0); or SPOT-RNA's TR1, VL1 "
            "and TS1 from https://github.com/jaswindersingh2/SPOT-RNA",
            "laid out as ROOT/*.json, {name, letters, pairs: [[i, j], ...]}, positions from 0, several partners allowed; or .bpseq or .ct; "
            "folders called TR1, VL1, TS1 and on are published parts",
        ),
    ),
    DatasetSpec(
        name="rnacentral",
        target="medai_rna.datasets.folders:RnaCentral",
        summary="RNAcentral's structures, predicted by templates (R2DT), as dot-bracket files",
        task="base-pairing",
        inputs=("sequence",),
        license="CC0-1.0",
        source="RNAcentral Consortium 2021, doi:10.1093/nar/gkaa921; Sweeney et al. 2021, doi:10.1038/s41467-021-23555-5",
        needs=(
            "dot-bracket files of https://rnacentral.org (CC0), from a sequence's page or https://rnacentral.org/api",
            "laid out as ROOT/*.dbn or *.fasta; ROOT/families.csv with the columns id and family says types of RNA",
        ),
    ),
    DatasetSpec(
        name="pseudobase",
        target="medai_rna.datasets.folders:PseudoBase",
        summary="PseudoBase's pseudoknots",
        task="base-pairing",
        inputs=("sequence",),
        license="LicenseRef-none-stated",
        source="van Batenburg et al. 2001, doi:10.1093/nar/29.1.194; Taufer et al. 2009 (PseudoBase++), doi:10.1093/nar/gkn806",
        implements=("target-pseudoknots",),
        needs=(
            "the entries of PseudoBase++ with sequence and structure; no licence is stated",
            "a CSV file with the columns id, sequence and structure; or a dot-bracket file (.dbn)",
        ),
    ),
    DatasetSpec(
        name="trnadb",
        target="medai_rna.datasets.folders:TrnaDb",
        summary="tRNAdb: transfer RNAs with their cloverleaves",
        task="base-pairing",
        inputs=("sequence",),
        license="LicenseRef-none-stated",
        source="Juehling et al. 2009, doi:10.1093/nar/gkn772",
        implements=("trnadb-2009",),
        needs=(
            "a selection from http://trna.bioinf.uni-leipzig.de, as FASTA with structures, in unmodified bases; no licence is stated",
            "laid out as ROOT/*.fasta or *.dbn: >name, the sequence, its structure in brackets",
        ),
    ),
)
