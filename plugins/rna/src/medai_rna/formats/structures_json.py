"""JSON: lists of pairs, which hold what brackets and tables of partners cannot: bases with several partners."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from medai.errors import DataError
from medai.io import write_json
from medai_rna.formats.lines import collected, lines_of
from medai_rna.formats.record import Flaw, Record, Spelling, record_of

POSITIONS = "from 0"


def read_json(path: Path, spelling: Spelling | None = None) -> list[Record]:
    """The structures of a JSON file: an object, a list of them, or `{"structures": [...]}`. Each has a name (`name` or `id`), letters
    (`letters` or `sequence`), and may have `pairs`, lists of two positions, `family` and `energy` in kcal/mol. Positions are from 0, or
    from 1 where `"positions": "from 1"` stands beside `structures`.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, or no structure in it can be used. One that cannot be used is a record with a fault.
    """
    path = Path(path)
    return collected(path, lambda own: _records(path, own), spelling)


def write_structures_json(records: Iterable[Record], path: Path) -> None:
    """Write structures, nothing of which is lost."""
    write_json(Path(path), {"positions": POSITIONS, "structures": [_written(record) for record in records]})


def _written(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {"name": record.name, "letters": record.letters}
    if record.family:
        found["family"] = record.family
    if record.structure is not None:
        found["pairs"] = [list(pair) for pair in record.structure.pairs]
    return found if record.energy is None else found | {"energy": record.energy}


def _records(path: Path, spelling: Spelling) -> Iterator[Record]:
    text = "\n".join(line.text for line in lines_of(path))
    try:
        held = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}", path) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error or 'nested too deeply'}", path) from error
    first = 1 if isinstance(held, Mapping) and held.get("positions") == "from 1" else 0
    items = held.get("structures", [held]) if isinstance(held, Mapping) else held
    if not isinstance(items, list):
        raise DataError("a structure or a list of them is wanted", path)
    for count, item in enumerate(items, 1):
        yield _record(path, item, count, first, spelling)


def _record(path: Path, item: Any, count: int, first: int, spelling: Spelling) -> Record:
    name = str(item.get("name", item.get("id")) or f"structure {count}") if isinstance(item, Mapping) else f"structure {count}"
    try:
        if not isinstance(item, Mapping):
            raise Flaw(f"structure {count}: an object is wanted")
        letters = item.get("letters", item.get("sequence"))
        if not isinstance(letters, str):
            raise Flaw(f"structure {count} ({name}): no letters")
        pairs = None if item.get("pairs") is None else list(_pairs(item["pairs"], f"structure {count} ({name})", first, len(letters)))
        energy = item.get("energy")
        return record_of(
            name,
            letters,
            pairs,
            lambda index: f"structure {count} ({name}), letter {index + 1}",
            spelling,
            line=count,
            source=path.name,
            family=str(item.get("family") or ""),
            energy=float(energy) if isinstance(energy, int | float) else None,
            multiplets=True,
        )
    except Flaw as flaw:
        return Record(name, "", line=count, fault=str(flaw))


def _pairs(held: Any, where: str, first: int, length: int) -> Iterator[tuple[int, int]]:
    if not isinstance(held, list):
        raise Flaw(f"{where}: pairs are a list")
    seen: set[tuple[int, int]] = set()
    for count, pair in enumerate(held, 1):
        place = f"{where}, pair {count}"
        if not (isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair)):
            raise Flaw(f"{place}: two positions are wanted, not {json.dumps(pair)[:40]}")
        i, j = sorted(end - first for end in pair)
        if i < 0 or j >= length:
            raise Flaw(f"{place}: {pair} is out of range, there are {length} bases")
        if i == j:
            raise Flaw(f"{place}: a base pairs with itself")
        if (i, j) in seen:
            raise Flaw(f"{place}: {pair} stands twice")
        seen.add((i, j))
        yield i, j
