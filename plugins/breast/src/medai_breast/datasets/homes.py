"""Where in a folder the data's own folders lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from medai.errors import DataError
from medai.io import require_folder

_SHOWN = 8


def home_of(root: Path, wanted: Sequence[str]) -> Path:
    """The folder that has subfolders of these names, in whatever case: `root`, or the only one in it.

    Raises:
        DataError: there is none, or there are several; or two of its subfolders differ in capital letters alone.
    """
    require_folder(root)
    found = [place for place in (root, *folders_in(root)) if set(wanted) <= {each.name.lower() for each in folders_in(place)}]
    if not found:
        raise DataError(f"the folders {' and '.join(wanted)} are wanted in it, or in a folder in it; {holds(root)}", root)
    if len(found) > 1 and found[0] != root:
        raise DataError(f"{found[0].name} and {found[1].name} both hold {' and '.join(wanted)}: give one of them", root)
    names = [each.name for each in folders_in(found[0])]
    counts = Counter(name.lower() for name in names)
    twice = [name for name in names if counts[name.lower()] > 1]
    if twice:
        raise DataError(f"{' and '.join(twice)} differ in capital letters alone: only one of them can be meant", found[0])
    return found[0]


def folders_in(place: Path) -> list[Path]:
    """The folders right in a folder, in order of name; not hidden ones, nor what systems leave behind."""
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))


def holds(root: Path) -> str:
    """What a folder holds, in words; of what is in it alone, one level deeper too."""
    names = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "") or "nothing"
    inside = folders_in(root)
    if len(names) == 1 and inside:
        return f"it holds {shown}, which holds {holds(inside[0]).removeprefix('it holds ')}"
    return f"it holds {shown}"
