"""What the template of today would change in a plugin that an earlier one made."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from packaging.version import InvalidVersion, Version

from medai._words import nearest
from medai.errors import DataError, EnvironmentFault
from medai_sdk import __version__
from medai_sdk.scaffold.choose import require_current_templates
from medai_sdk.scaffold.record import RECORD, Recorded, read_record, with_record_of, without_record
from medai_sdk.scaffold.render import API, LICENSES, hash_of, rendered, templated_tasks


@dataclass(frozen=True, kw_only=True)
class Change:
    """A file whose template is another than when it was made.

    Attributes:
        path: in the plugin's folder.
        template: what became of the template.
        yours: what the author did to the file meanwhile.
        diff: unified, from the file as it is to the template's; empty where there is nothing to apply.
    """

    path: str
    template: Literal["changed", "added", "removed"]
    yours: Literal["as it was made", "changed", "deleted", "your own"]
    diff: str

    @property
    def says(self) -> str:
        """The change in one line."""
        advice = {
            "as it was made": "yours is as it was made",
            "changed": "and so did you: the lines below would take your changes back, so choose among them",
            "deleted": "and you deleted it",
            "your own": "and there is a file of your own by that name",
        }[self.yours]
        if self.template == "removed":
            return f"{self.path}: the template has it no more" + ("" if self.yours == "as it was made" else "; you changed it")
        return f"{self.path}: {'new in the template' if self.template == 'added' else 'the template changed it'}, {advice}"


@dataclass(frozen=True)
class Comparison:
    """A plugin beside the template of today.

    Attributes:
        recorded: how it was made.
        changes: by path; none where it is up to date.
    """

    recorded: Recorded
    changes: tuple[Change, ...]

    @property
    def says(self) -> str:
        """Which templates are compared, in one line."""
        made = f"{self.recorded.choices.name} was made by medai-sdk {self.recorded.version} for medai {self.recorded.api}"
        if Version(self.recorded.api) < Version(API):
            return f"{made}; this is medai-sdk {__version__}, for medai {API}: its template is of an older interface"
        return made if self.recorded.version == __version__ else f"{made}; this is medai-sdk {__version__}"

    def as_record(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        return {
            "name": self.recorded.choices.name,
            "made": {"sdk": self.recorded.version, "api": self.recorded.api},
            "template": {"sdk": __version__, "api": API},
            "changes": [asdict(change) for change in self.changes],
        }


def compare(folder: Path | str = ".") -> Comparison:
    """The plugin in a folder beside the template of today: the files whose template changed, and no others.

    Raises:
        UsageError: there is no plugin in the folder that `medai plugin new` made.
        DataError: its record is damaged, or a file cannot be read.
        EnvironmentFault: it was made by a newer medai-sdk than this, or this one's templates are older than the installed medai.
    """
    home = Path(folder)
    recorded = _valid(read_record(home), home / RECORD)
    require_current_templates()
    if Version(recorded.version) > Version(__version__):
        raise EnvironmentFault(
            f"{home}: made by medai-sdk {recorded.version}, and this is {__version__}, which is older: pip install -U medai-sdk"
        )
    return Comparison(recorded, tuple(_changes(home, recorded.files, rendered(recorded.choices))))


def _valid(recorded: Recorded, path: Path) -> Recorded:
    tasks = templated_tasks()
    for what, value, known in (("task", recorded.choices.task, tasks), ("license", recorded.choices.license, LICENSES)):
        if value not in known:
            raise DataError(f"[tool.medai.template]: there is no template for the {what} {value!r}{nearest(value, known)}", path)
    try:
        Version(recorded.version), Version(recorded.api)
    except InvalidVersion as error:
        raise DataError(f"[tool.medai.template]: {error}", path) from error
    return recorded


def _changes(home: Path, made: Mapping[str, str], files: Mapping[str, str]) -> Iterator[Change]:
    changed = False
    for path in sorted({*made, *files} - {RECORD}):
        found = _change(path, _read(home / path), made.get(path), files.get(path))
        if found is not None:
            changed = True
            yield found
    yield from _change_of_record(_read(home / RECORD) or "", made.get(RECORD), files[RECORD], changed)


def _change(path: str, mine: str | None, made: str | None, text: str | None) -> Change | None:
    if text is None:
        kept = "as it was made" if mine is not None and hash_of(path, mine) == made else "changed"
        return None if mine is None else Change(path=path, template="removed", yours=kept, diff="")  # type: ignore[arg-type]
    if hash_of(path, text) == made or mine == text:
        return None
    if made is None:
        return Change(path=path, template="added", yours="as it was made" if mine is None else "your own", diff=_diff(path, mine, text))
    if mine is None:
        return Change(path=path, template="changed", yours="deleted", diff="")
    yours: Literal["as it was made", "changed"] = "as it was made" if hash_of(path, mine) == made else "changed"
    return Change(path=path, template="changed", yours=yours, diff=_diff(path, mine, text))


def _change_of_record(mine: str, made: str | None, text: str, changed: bool) -> Iterator[Change]:
    """Of `pyproject.toml`, the record changes with any other file, so that what was applied is not shown again."""
    differs = hash_of(RECORD, text) not in (made, hash_of(RECORD, mine))
    if not differs and not changed and hash_of(RECORD, text) == made:
        return
    wanted = text if differs else with_record_of(mine, text)
    if mine != wanted:
        own = differs and hash_of(RECORD, without_record(mine)) != made
        yield Change(path=RECORD, template="changed", yours="changed" if own else "as it was made", diff=_diff(RECORD, mine, wanted))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", path) from error


def _diff(path: str, mine: str | None, text: str) -> str:
    before = "/dev/null" if mine is None else f"a/{path}"
    lines = difflib.unified_diff((mine or "").splitlines(keepends=True), text.splitlines(keepends=True), before, f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
