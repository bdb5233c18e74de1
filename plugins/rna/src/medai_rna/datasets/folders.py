"""Databases of structures as they are handed out: folders of files, or one file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from medai.errors import DataError
from medai_rna.datasets.choice import Multiplets, PairKinds
from medai_rna.datasets.structures import Entry, Groups, Structures
from medai_rna.datasets.stub import write_bprna_stub, write_ct_stub, write_one_stub, write_pdb_stub
from medai_rna.datasets.walk import families_of, files_in, listed_parts, part_of
from medai_rna.formats.files import read_records
from medai_rna.formats.lines import stem_of
from medai_rna.formats.record import Record, Spelling
from medai_rna.formats.stockholm import read_stockholm


class Folder(Structures):
    """Files of structures beneath a folder, or one file. A file that cannot be read is a case that is counted as lost.

    A table `families.csv` with the columns `id` and `family`, in the folder itself, says families that names do not.
    """

    formats: ClassVar[tuple[str, ...]]
    """The formats that are read, keys of `medai_rna.formats.files.SUFFIXES`."""
    alone: ClassVar[bool] = True
    """Whether a structure that is alone in its file is called by the file."""

    def _read(self, root: Path) -> Iterable[Entry]:
        spelling, families, parts = Spelling(), families_of(root), listed_parts(root)
        entries = [
            self._entry(root, path, record, families, parts)
            for path in files_in(root, self.formats)
            for record in self._records(path, spelling)
        ]
        spelling.tell(root.name)
        if not entries:
            raise DataError(f"no file of {', '.join(self.formats)} in it", root)
        return entries

    def _records(self, path: Path, spelling: Spelling) -> list[Record]:
        try:
            found = read_records(path, spelling)
        except DataError as error:
            return [Record(stem_of(path), "", fault=error.reason)]
        # The file's name is what lists and tables call it.
        return [replace(found[0], name=stem_of(path))] if len(found) == 1 and self.alone else found

    def _entry(self, root: Path, path: Path, record: Record, families: dict[str, str], parts: dict[str, str]) -> Entry:
        family = families.get(record.name) or self._family(root, path, record)
        return Entry(replace(record, family=family), path, parts.get(record.name) or part_of(root, path))

    def _family(self, root: Path, path: Path, record: Record) -> str:
        """What a record belongs to; empty where its name and place do not say it."""
        return record.family


class _WithoutFamilies(Folder):
    """Files whose names tell no families apart: groups are copies of one sequence, or clusters."""

    def __init__(
        self,
        root: Path,
        pairs: PairKinds = "all",
        multiplets: Multiplets = "keep",
        longest: int | None = None,
        groups: Groups = "sequence",
        identity: float = 0.8,
        folds: int = 0,
        fold: int = 0,
    ) -> None:
        super().__init__(root, pairs, multiplets, longest, groups, identity, folds, fold)


class BpRna1m(_WithoutFamilies):
    """bpRNA-1m: files of bpRNA (`.st`), dot-bracket, CT or BPSEQ, a structure each.

    Folders or lists called `TR0`, `VL0` and `TS0` (`TR0/bpRNA_RFAM_1.st`, or `TR0.txt` with a name on each line) are SPOT-RNA's split. The
    attribute `family` is the database that bpRNA took a structure from, which is no family: groups are copies of one sequence, or clusters.
    """

    formats = ("bprna", "dbn", "ct", "bpseq")

    def _family(self, root: Path, path: Path, record: Record) -> str:
        parts = record.name.split("_")
        return record.family or (parts[1] if len(parts) == 3 and parts[0] == "bpRNA" else "")

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`TR0`, `VL0` and `TS0` with `n` files of bpRNA."""
        write_bprna_stub(root, n, seed)


class ArchiveII(Folder):
    """ArchiveII: connect tables called `FAMILY_NAME.ct`, such as `5s_Escherichia-coli-1.ct`."""

    formats = ("ct",)

    def _family(self, root: Path, path: Path, record: Record) -> str:
        return record.name.partition("_")[0] if "_" in record.name else ""

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` connect tables of three families."""
        write_ct_stub(root, n, seed, "{family}_{index}.ct")


class RnaStrAlign(Folder):
    """RNAStralign: connect tables in a folder for each family (`5S_rRNA_database/Bacteria/B00001.ct`), in the folder or one in it."""

    formats = ("ct",)

    def _read(self, root: Path) -> Iterable[Entry]:
        self._base = _home(root)
        return super()._read(root)

    def _entry(self, root: Path, path: Path, record: Record, families: dict[str, str], parts: dict[str, str]) -> Entry:
        # Names repeat from folder to folder.
        named = replace(record, name="-".join([*self._folders(path), record.name]))
        return super()._entry(root, path, named, families, parts)

    def _family(self, root: Path, path: Path, record: Record) -> str:
        return next(iter(self._folders(path)), "")

    def _folders(self, path: Path) -> list[str]:
        return [folder.removesuffix("_database") for folder in path.relative_to(self._base).parts[:-1]]

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` connect tables in folders of three families."""
        write_ct_stub(root, n, seed, "RNAStrAlign/{family}_database/some/{index}.ct")


class RnaStrand(Folder):
    """RNA STRAND: connect tables, BPSEQ or dot-bracket files (`.ct`, `.bpseq`, `.dp`), called by the database they come from, such as
    `ASE_00001.ct`.

    The family is known of the databases of one family: RNase P (ASE), transfer RNA (SPR), signal recognition particle (SRP) and
    transfer-messenger RNA (TMR). Of others (CRW, NDB, PDB, RFA) `families.csv` may say it.
    """

    formats = ("ct", "bpseq", "dbn")
    _sources: ClassVar[dict[str, str]] = {"ASE": "RNase P", "SPR": "tRNA", "SRP": "SRP", "TMR": "tmRNA"}

    def _family(self, root: Path, path: Path, record: Record) -> str:
        return self._sources.get(record.name.partition("_")[0], "")

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` connect tables of four sources in turn."""
        write_ct_stub(root, n, seed, "{source}_{index:05d}.ct")


class RfamSeed(Folder):
    """Rfam's seed alignments in Stockholm format, packed or not: each sequence without its gaps, with the pairs of the consensus of which
    it has both bases. The family is the accession, such as `RF00005`."""

    formats = ("stockholm",)
    alone = False

    def _records(self, path: Path, spelling: Spelling) -> list[Record]:
        try:
            found = [record for aligned in read_stockholm(path, spelling) for record in aligned.records()]
        except DataError as error:
            return [Record(stem_of(path), "", fault=error.reason)]
        # A stretch of a genome may be in the alignments of two families.
        return [replace(record, name=f"{record.family}-{record.name}") for record in found]

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`seed.sto` with `n` sequences in alignments of three families."""
        write_one_stub(root, n, seed, "seed.sto", "stockholm")


class PdbLists(Folder):
    """Lists of pairs that were derived from structures of the PDB: JSON, which holds bases with several partners, BPSEQ or CT; with pairs
    that are not canonical.

    Folders or lists called `TR1`, `VL1`, `TS1` and on are published parts.
    """

    formats = ("json", "bpseq", "ct")
    alone = False

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`structures.json` with `n` structures, every third of which has a base triple."""
        write_pdb_stub(root, n, seed)


class RnaCentral(Folder):
    """RNAcentral's secondary structures, as its pages and its interface hand them out: dot-bracket files, called by the identifier of the
    sequence (`URS0000527F89_9606`).

    Families, its types of RNA, are those that `families.csv` says. The structures are predicted by templates (R2DT), not determined.
    """

    formats = ("dbn", "fasta")
    alone = False

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`structures.dbn` with `n` structures."""
        write_one_stub(root, n, seed, "structures.dbn", "dbn")


class PseudoBase(Folder):
    """PseudoBase's pseudoknots as a CSV file (`id`, `sequence`, `structure`) or a dot-bracket file."""

    formats = ("csv", "dbn")
    alone = False

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`pseudobase.dbn` with `n` structures."""
        write_one_stub(root, n, seed, "pseudobase.dbn", "dbn")


class TrnaDb(_WithoutFamilies):
    """tRNAdb's transfer RNAs as FASTA with a structure in brackets below each sequence. All are of one family: groups are copies of one
    sequence, or clusters."""

    formats = ("dbn", "fasta")
    alone = False

    def _family(self, root: Path, path: Path, record: Record) -> str:
        return "tRNA"

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`trnadb.fasta` with `n` sequences and their structures."""
        write_one_stub(root, n, seed, "trnadb.fasta", "dbn")


def _home(root: Path) -> Path:
    """The folder that has the families' folders: this one, or the one that alone is in it."""
    if not root.is_dir():
        return root.parent
    inside = [path for path in root.iterdir() if not path.name.startswith(".") and path.is_dir()]
    alone = len(inside) == 1 and not any(path.suffix == ".ct" for path in root.iterdir())
    return inside[0] if alone and any(path.is_dir() for path in inside[0].iterdir()) else root
