"""From an author's choices to the text of every file.

A task's files lie in layers: what all plugins share (`project`), what those of one input share (`images`), and the task's own. A file of a
later layer stands for one of the same path in an earlier; files under `parts/` are included by others.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from medai_sdk.scaffold.record import RECORD, recorded_as, without_record

API = "0.1"
"""The medai that generated plugins are written for and require at least."""

LICENSES = ("Apache-2.0", "MIT", "BSD-3-Clause")

_HOME = Path(__file__).parent / "templates"
_FACTS, _SUFFIX = "facts.toml", ".j2"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What an author chooses.

    Attributes:
        name: the distribution's, in canonical form, with `medai-` in front.
        task: one that has a template.
        license: one of `LICENSES`.
        author: a name; may be empty.
        year: of the copyright.
    """

    name: str
    task: str
    license: str
    author: str
    year: int

    @property
    def plugin(self) -> str:
        """The plugin's name: the distribution's without `medai-`."""
        return self.name.removeprefix("medai-")

    @property
    def package(self) -> str:
        """The name that Python imports."""
        return self.name.replace("-", "_")


def templated_tasks() -> dict[str, str]:
    """The tasks that have a template, with the type of their input."""
    return {path.parent.name: str(_facts(path.parent.name)["input"]) for path in sorted(_HOME.glob(f"*/{_FACTS}"))}


def rendered(choices: Choices) -> dict[str, str]:
    """The text of every file by its path in the project; `pyproject.toml` ends with a record of how it was made."""
    facts = _facts(choices.task)
    layers = [_HOME / layer for layer in facts["layers"]]
    environment = _environment(layers)
    names = {f"{path.relative_to(layer).as_posix()}" for layer in layers for path in layer.rglob(f"*{_SUFFIX}")}
    values = {
        **facts,
        **{field: getattr(choices, field) for field in ("name", "task", "license", "author", "year", "plugin", "package")},
        "holder": choices.author or f"the authors of {choices.name}",
        "api": API,
    }
    files = {
        _placed(name, choices.package): environment.get_template(name).render(values)
        for name in sorted(names)
        if not name.startswith("parts/")
    }
    made = {path: hash_of(path, text) for path, text in files.items()}
    files[RECORD] += recorded_as(choices, API, made)
    return files


def hash_of(path: str, text: str) -> str:
    """By which a file is known again; of `pyproject.toml` without its record, which holds the hashes."""
    held = without_record(text) if path == RECORD else text
    return hashlib.sha256(held.encode()).hexdigest()[:16]


@functools.cache
def _facts(task: str) -> dict[str, Any]:
    return tomllib.loads((_HOME / task / _FACTS).read_text(encoding="utf-8"))


def _environment(layers: list[Path]) -> Environment:
    # The last layer is looked into first; licences are named from the top.
    loaders = [FileSystemLoader(layer) for layer in (*reversed(layers), _HOME)]
    # Programs and texts, not HTML: nothing is to be escaped for a browser.
    environment = Environment(
        loader=ChoiceLoader(loaders), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["quoted"] = _quoted
    environment.filters["lower_first"] = lambda text: text[:1].lower() + text[1:]
    return environment


def _quoted(text: str) -> str:
    """A string as TOML and Python both write it."""
    return json.dumps(text, ensure_ascii=False)


def _placed(name: str, package: str) -> str:
    return name.removesuffix(_SUFFIX).replace("PACKAGE", package).replace("dot_", ".")
