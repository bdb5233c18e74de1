"""A new plugin on the disk: whole, or not there."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from medai.errors import EnvironmentFault, UsageError
from medai_sdk.scaffold.choose import chosen
from medai_sdk.scaffold.render import rendered


def new_plugin(name: str, task: str, *, license: str = "Apache-2.0", author: str = "", into: Path | str = ".") -> Path:
    """Make a distribution called `name` in the folder `into`, and return its own folder there.

    Args:
        name: of the distribution, such as `medai-acme`.
        task: that it serves, by name or id.
        license: `Apache-2.0`, `MIT` or `BSD-3-Clause`.
        author: for the metadata and the licence.
        into: a folder.

    Raises:
        UsageError: the name is not valid or taken, there is no such task, template or licence, `into` is no folder, or the plugin's
            folder there is not empty.
        EnvironmentFault: the templates are older than the installed medai, or the folder cannot be written.
    """
    choices = chosen(name, task, license, author)
    home = Path(into)
    if not home.is_dir():
        raise UsageError(f"{home}: no such folder")
    target = home / choices.name
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target}: it is there already, and it is not an empty folder")
    files = rendered(choices)
    scratch = home / f".{choices.name}-{secrets.token_hex(4)}"
    try:
        for path, text in files.items():
            place = scratch / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
        if target.exists():
            target.rmdir()
        os.rename(scratch, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written, {error.strerror or error}; nothing was made") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target
