"""What lies in a folder of a published data set, for finding series and for saying what was found in their place."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

_SHOWN = 8


def folders_with_files(root: Path) -> list[Path]:
    """Folders beneath `root` that hold files themselves, in order of name; what systems leave behind is passed over."""
    found = []
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        if Path(place) != root and any(not name.startswith(".") for name in names):
            found.append(Path(place))
    return found


def holds(root: Path) -> str:
    """What lies in a folder, down to the second level, in words."""
    names = [
        path.relative_to(root).as_posix() + ("/" if path.is_dir() else "")
        for path in (*root.glob("*"), *root.glob("*/*"))
        if not path.name.startswith(".")
    ]
    return told(names) if names else "nothing"


def told(names: Collection[str]) -> str:
    """Names in order, the first few of many."""
    held = sorted(names)
    return ", ".join(held[:_SHOWN]) + (f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else "")


def of_first(folder: Path, *keywords: str) -> tuple[str, ...]:
    """What the first DICOM file of a folder says under these keywords, as texts; empty texts where there is none."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            try:
                header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(keywords))
            except (InvalidDicomError, OSError, ValueError, EOFError):
                continue
            return tuple(str(header.get(keyword) or "").strip() for keyword in keywords)
    return ("",) * len(keywords)
