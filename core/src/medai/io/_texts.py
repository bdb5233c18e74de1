"""Small text files that a user names, read whole."""

from __future__ import annotations

from pathlib import Path

from medai.errors import DataError

_LARGEST = 1 << 30  # bytes: beyond it, a table or a sequence file is a mistake rather than a large study
_LONGEST_QUOTE = 60  # characters


def quoted(text: str) -> str:
    """What a file holds, in quotes and cut to a length for a message."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + " ...")


def read_text(path: Path) -> str:
    """A file's text, UTF-8 with or without a byte-order mark.

    Raises:
        DataError: the file is not there, is larger than 1 GiB, or is no text.
    """
    try:
        if not path.is_file():
            raise DataError("is a folder, a file is wanted" if path.is_dir() else "there is no such file", path)
        if path.stat().st_size > _LARGEST:
            raise DataError("larger than 1 GiB", path)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("not a text file in UTF-8", path) from error
    except OSError as error:
        raise DataError(error.strerror or str(error), path) from error
