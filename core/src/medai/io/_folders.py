"""What is asked of folders."""

from __future__ import annotations

from pathlib import Path

from medai.errors import DataError


def require_folder(path: Path | str, what: str = "folder") -> Path:
    """The path of a folder that is there.

    Args:
        path: where it should be.
        what: what it is in the words of an error, such as `folder of icons`.

    Raises:
        DataError: there is none, or a file in its place.
    """
    path = Path(path)
    if not path.is_dir():
        raise DataError(f"is a file, not a {what}" if path.exists() else f"no such {what}", path)
    return path
