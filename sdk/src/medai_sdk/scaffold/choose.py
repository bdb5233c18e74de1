"""What an author asks for, checked before anything is made."""

from __future__ import annotations

import datetime
import importlib.util
from importlib import metadata

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

import medai
from medai._discovery import registry
from medai._words import listed, nearest
from medai.errors import EnvironmentFault, UsageError
from medai_sdk import __version__
from medai_sdk.scaffold.render import API, LICENSES, Choices, templated_tasks

_PREFIX = "medai-"
_LONGEST = 200
"""Characters of a distribution's name: a file's has 255 bytes at most, and a wheel's has version and tags besides."""


def chosen(name: str, task: str, license: str, author: str) -> Choices:
    """The choices, if a plugin can be made of them.

    Raises:
        UsageError: the name is not valid or taken, or there is no such task, template or licence; the nearest are named.
        EnvironmentFault: the templates are for an older medai than is installed.
    """
    require_current_templates()
    made = Choices(
        name=_free_name(name),
        task=_with_template(task),
        license=_license(license),
        author=_author(author),
        year=datetime.date.today().year,
    )
    if importlib.util.find_spec(made.package) is not None:
        raise UsageError(f"{name}: Python already finds a package {made.package}, so that the plugin's own could not be imported")
    return made


def require_current_templates(installed: str = medai.__version__) -> None:
    """Raise EnvironmentFault when these templates are for an older medai than the one installed, by a minor version or more."""
    try:
        found = Version(installed)
    except InvalidVersion:
        return
    if (found.major, found.minor) > (Version(API).major, Version(API).minor):
        raise EnvironmentFault(
            f"the templates of medai-sdk {__version__} are for medai {API}, and medai {installed} is installed: pip install -U medai-sdk"
        )


def _free_name(name: str) -> str:
    try:
        canonical = str(canonicalize_name(name, validate=True))
    except InvalidName:
        canonical = ""
    if not canonical or not canonical.isascii():
        raise UsageError(
            f"{name!r} is not valid as a distribution's name: it has letters a-z, digits and hyphens, and begins and ends with no hyphen"
        )
    if len(canonical) > _LONGEST:
        raise UsageError(f"a name of {len(canonical)} characters is too long: it may have {_LONGEST}, so that files can bear it")
    if not canonical.startswith(_PREFIX) or canonical == f"{_PREFIX}{medai.__name__}":
        wanted = f"; such as {_PREFIX}{canonical}" if not canonical.startswith(medai.__name__) else ""
        raise UsageError(f"{name!r}: a plugin's distribution is called {_PREFIX}SOMETHING, by which others find it{wanted}")
    plugin = canonical.removeprefix(_PREFIX)
    for record in registry().plugins:
        if canonical == record.distribution or plugin == record.name:
            raise UsageError(f"{name!r} is taken: {record.distribution} {record.version} is installed, and its plugin is {record.name}")
    try:
        raise UsageError(f"{name!r} is taken: {canonical} {metadata.version(canonical)} is installed")
    except metadata.PackageNotFoundError:
        return canonical


def _with_template(task: str) -> str:
    entry = registry().find("task", task)
    templates = templated_tasks()
    if entry.plugin.name == medai.__name__ and entry.spec.name in templates:
        return entry.spec.name
    inputs = getattr(entry.spec, "inputs", ())
    near = [name for name, given in templates.items() if given in inputs] or list(templates)
    alike = f"of the same input ({listed(inputs)}) there is" if any(given in inputs for given in templates.values()) else "there is"
    raise UsageError(
        f"there is no template for the task {entry.id} of {entry.plugin.distribution}: {alike} {listed(near)}; "
        f"begin with one, and change its reference and prediction to those of {entry.id}"
    )


def _license(license: str) -> str:
    found = next((each for each in LICENSES if each.lower() == license.lower()), None)
    if found is None:
        raise UsageError(f"there is no text for the licence {license!r}{nearest(license, LICENSES)}; any other can be put in by hand")
    return found


def _author(author: str) -> str:
    if not author.isprintable():
        raise UsageError(f"the author {author!r} is not one line of text")
    return author.strip()
