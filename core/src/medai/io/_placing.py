"""A folder of files that take their place together, once they are known to be good."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medai.errors import EnvironmentFault, UsageError


@contextmanager
def placing(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`, whose files take their place in `folder` when the block ends well.

    A folder that is not there yet appears in one step. In one that is there, each file is replaced whole, and others stay. An error in
    the block leaves everything as it was.

    Raises:
        UsageError: `folder` is a file.
        EnvironmentFault: the disk is full or the folder may not be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder to write into")
    temporary = folder.absolute().with_name(f".{secrets.token_hex(4)}-{folder.name or 'files'}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _place(temporary, folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def unwritable(path: Path, error: OSError) -> EnvironmentFault:
    """Why nothing can be written at `path`."""
    what = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
    return EnvironmentFault(f"{path}: cannot be written, {what}; what stood there before is kept")


def _place(temporary: Path, folder: Path) -> None:
    if not folder.exists():
        temporary.rename(folder)
        return
    for path in sorted(temporary.rglob("*")):
        target = folder / path.relative_to(temporary)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            path.replace(target)
