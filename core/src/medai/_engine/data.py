"""From a recipe's slots to feeds: datasets, views, the stored split, and a fingerprint that reads no pixels."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from medai._discovery import load_target
from medai._engine.configure import chosen_data, innermost, root_of
from medai._engine.construct import Runs, check, construct, find
from medai._engine.document import to_document
from medai._engine.leaks import likenesses, without_leaks
from medai._engine.split import NO_PART, ROLES, Member, check_no_leak, check_parts, left_out, share_out
from medai._results.folder import RunFolder, read_json
from medai.api import Recipe, Split, Use
from medai.errors import DataError, UsageError
from medai.io import write_json
from medai.tasks import Case, Dataset, Sample, Task


@dataclass(frozen=True)
class SlotData:
    """A slot's dataset under the recipe's views, and what is recorded of it; `own` is the dataset without them."""

    name: str
    use: Use
    embedded: bool
    dataset: Dataset[Any, Any]
    cases: tuple[Case, ...]
    roles: tuple[str, ...]
    own: Dataset[Any, Any]

    @property
    def single_subject(self) -> bool:
        """Whether all cases are one subject's."""
        return bool(getattr(self.dataset, "single_subject", False)) or len({case.group for case in self.cases}) == 1

    def members(self) -> list[Member]:
        """The cases as the split sees them."""
        return [Member(self.name, case, self.roles, self.single_subject) for case in self.cases]

    def as_record(self) -> dict[str, Any]:
        """The slot as `run.json` holds it."""
        return {
            "dataset": innermost(self.use).id,
            "embedded": self.embedded,
            "cases": len(self.cases),
            "groups": len({case.group for case in self.cases}),
            "single_subject": self.single_subject,
            "fingerprint": fingerprint(self.use, self.cases),
        }


class Pool:
    """Chosen cases of several slots as one dataset; a case's id bears its slot where there is more than one."""

    def __init__(self, chosen: Sequence[tuple[SlotData, Case]], *, many: bool) -> None:
        self._sources = {_renamed(slot, case, many).id: (slot.dataset, case) for slot, case in chosen}
        self._cases = tuple(_renamed(slot, case, many) for slot, case in chosen)

    def cases(self) -> Sequence[Case]:
        """The chosen cases."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """Read one by its slot's dataset."""
        dataset, own = self._sources[case.id]
        return dataclasses.replace(dataset.read(own, rng), case=case)


def open_slots(recipe: Recipe, runs: Runs) -> list[SlotData]:
    """Each slot's dataset, under the views that apply always.

    Raises:
        UsageError: a slot has no data.
        DataError: a folder cannot be used, or a dataset has no case.
    """
    slots = []
    for name, (use, embedded) in chosen_data(recipe).items():
        own = construct(use.id, use.params, kind="dataset", runs=runs)
        dataset = with_views(own, recipe.views, runs)
        cases = tuple(dataset.cases())
        if not cases:
            raise DataError(f"the slot {name!r} has no case", root_of(use))
        slots.append(SlotData(name, use, embedded, dataset, cases, recipe.data[name].roles, own))
    return slots


def facts_of(slots: Sequence[SlotData]) -> dict[str, object]:
    """What the slots' datasets say of themselves, by path in the recipe; a dataset may have to look at its files to say it.

    Raises:
        DataError: two slots contradict one another.
    """
    found: dict[str, object] = {}
    for slot in slots:
        for key, value in dict(getattr(slot.own, "facts", {})).items():
            if key.startswith("tested."):
                continue
            if key.startswith("folder."):
                # Embedded data are the same every time: there is nothing to hold them to.
                found |= {} if slot.embedded else {f"data.{slot.name}.{key}": value}
            elif found.setdefault(key, value) != value:
                raise DataError(f"the slot {slot.name!r} says {key} = {value!r}, another slot {found[key]!r}: set it", root_of(slot.use))
    return found | _of_the_test(slots)


def _of_the_test(slots: Sequence[SlotData]) -> dict[str, object]:
    """The facts `tested.NAME` of slots with cases to test on, as options of the protocol: the value, or where they differ, each slot's."""
    said: dict[str, dict[str, object]] = {}
    tested = [slot for slot in slots if "test" in slot.roles]
    for slot in tested:
        for key, value in dict(getattr(slot.own, "facts", {})).items():
            if key.startswith("tested."):
                said.setdefault(key.replace("tested.", "protocol.options.", 1), {})[slot.name] = value
    alike = {key for key, values in said.items() if len(values) == len(tested) and len({repr(value) for value in values.values()}) == 1}
    return {key: next(iter(values.values())) if key in alike else values for key, values in said.items()}


def open_input(recipe: Recipe, task: Task[Any, Any, Any], paths: Sequence[Path]) -> Dataset[Any, Any]:
    """Unlabelled input: as the recipe's own dataset reads it where that knows how (`unlabelled`), else as the task does."""
    own = _own_input(recipe, "unlabelled", {"paths": paths})
    return task.open(paths) if own is None else own


def open_text(recipe: Recipe, task: Task[Any, Any, Any], read: Callable[[], str]) -> Dataset[Any, Any]:
    """A text as unlabelled input, read when it is clear that somebody takes it: the recipe's own dataset (`unlabelled_text`), else the task
    (`open_text`).

    Raises:
        UsageError: neither does.
    """
    if any(hasattr(target, "unlabelled_text") for target, _ in _own_datasets(recipe)):
        own = _own_input(recipe, "unlabelled_text", {"text": read()})
        assert own is not None
        return own
    if not hasattr(task, "open_text"):
        raise UsageError(f"input of {recipe.task} is files, which standard input cannot hold: name files or folders in place of '-'")
    dataset: Dataset[Any, Any] = task.open_text(read())
    return dataset


def _own_datasets(recipe: Recipe) -> Iterator[tuple[Any, Use]]:
    for slot in recipe.data.values():
        use = innermost(slot.folder)
        yield load_target(find(use.id, "dataset")), use


def _own_input(recipe: Recipe, method: str, given: Mapping[str, Any]) -> Dataset[Any, Any] | None:
    """What the first of the recipe's datasets that has a method for it makes of the input."""
    for target, use in _own_datasets(recipe):
        if (opened := getattr(target, method, None)) is not None:
            params = {name: value for name, value in use.params.items() if name != "root"}
            dataset: Dataset[Any, Any] = opened(*given.values(), **check(use.id, opened, params, injected=given))
            return dataset
    return None


def with_views(dataset: Dataset[Any, Any], views: Iterable[Use], runs: Runs) -> Dataset[Any, Any]:
    """The dataset under views, the first innermost."""
    for view in views:
        dataset = construct(view.id, view.params, kind="dataset", runs=runs, source=dataset)
    return dataset


def part(slots: Sequence[SlotData], roles: Mapping[str, str], role: str) -> Pool:
    """The cases that have a role, as one dataset."""
    chosen = [(slot, member.case) for slot in slots for member in slot.members() if roles.get(member.key) == role]
    return Pool(chosen, many=len(slots) > 1)


def stored_roles(folder: RunFolder, slots: Sequence[SlotData], recipe: Recipe, fixed: Mapping[str, str]) -> dict[str, str]:
    """The split in the run folder; made and stored there when it is not there yet.

    Raises:
        DataError: the data no longer hold the cases of the stored split, or a group leaks, unless the protocol splits by case; or cases of
            different parts are alike, unless the protocol says what becomes of them.
    """
    members = [member for slot in slots for member in slot.members()]
    if folder.split.exists():
        roles: dict[str, str] = read_json(folder.split, "no split")["cases"]
        gone = sorted(roles.keys() - {member.key for member in members})
        if gone:
            raise DataError(f"{len(gone)} cases of the stored split are not in the data any more, such as {gone[0]}", folder.split)
    else:
        split, learns = recipe.protocol.split, recipe.train is not None
        roles = share_out(members, split, learns=learns, fixed=fixed)
        alike = likenesses(slots, roles, split.likeness)
        roles = without_leaks(roles, alike, split)
        check_parts(roles, learns)
        groups: dict[str, str] = {}
        for member in members:
            role, group = roles[member.key], member.case.group
            if role not in NO_PART and not member.single_subject:
                # Of a group that stands in several parts, what matters to later stages is that it was trained on.
                groups[group] = min(role, groups.get(group, role), key=ROLES.index)
        write_json(folder.split, {"protocol": to_document(split), "groups": groups, "cases": roles, **({"alike": alike} if alike else {})})
    if recipe.protocol.split.by == "group":
        check_no_leak(members, roles)
    return roles


def stored_likenesses(folder: RunFolder) -> dict[str, str]:
    """By key, the cases of a run's stored split that were found to be like one of a later part, each with what it is like."""
    alike: dict[str, str] = read_json(folder.split, "the run has no split.json").get("alike", {})
    return alike


def require_unchanged(slots: Iterable[SlotData], recorded: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise DataError when a slot's data are others than those that a run has recorded: its rest would be of other files than its start."""
    for slot in slots:
        now, then = slot.as_record(), recorded.get(slot.name)
        if then is not None and now["fingerprint"] != then["fingerprint"]:
            counts = f"{then['cases']} cases then, {now['cases']} now" if now["cases"] != then["cases"] else "as many cases, other files"
            reason = f"the data of the slot {slot.name!r} have changed since the run began ({counts})"
            raise DataError(f"{reason}: put them back as they were and resume it, or begin a new run", root_of(slot.use))


def cases_left_out(
    slots: Sequence[SlotData], split: Split, alike: Mapping[str, str], seen: Mapping[str, str] = MappingProxyType({})
) -> list[tuple[Case, str]]:
    """The cases that the split is without, each with the reason, called as in `cases.csv`; `alike` as `stored_likenesses`, `seen` has
    others by key with the reason."""
    reasons = dict(seen) | left_out([member for slot in slots for member in slot.members()], split)
    if split.leaks == "drop":
        reasons |= {key: f"like {text}" for key, text in alike.items()}
    named = [(f"{slot.name}:{case.id}", _renamed(slot, case, len(slots) > 1)) for slot in slots for case in slot.cases]
    return [(case, reasons[key]) for key, case in named if key in reasons]


def group_roles(folder: RunFolder) -> dict[str, str]:
    """The role of each group in a run's stored split."""
    roles: dict[str, str] = read_json(folder.split, "the run has no split.json")["groups"]
    return roles


def fingerprint(use: Use, cases: Sequence[Case]) -> str:
    """A hash over the dataset, its cases, and the names and sizes of the files in its folder: cheap, and blind to where it stands.

    Hidden files, which systems leave behind when a folder is looked at, and run folders that lie in it do not count.
    """
    root = root_of(use)
    document = json.dumps(_without_root(to_document(use)), sort_keys=True)
    lines = [document, *(f"{case.id} {case.group}" for case in cases), *(_files(Path(root)) if root else [])]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _files(root: Path) -> list[str]:
    if root.is_file():
        return [f"{root.name} {root.stat().st_size}"]
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".") and not RunFolder(Path(folder, name)).record.exists()]
        for name in names:
            if name.startswith("."):
                continue
            path = Path(folder) / name
            try:
                found.append(f"{path.relative_to(root)} {path.stat().st_size}")
            except OSError:
                found.append(f"{path.relative_to(root)} unreadable")
    return sorted(found)


def _without_root(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _without_root(item) for key, item in document.items() if key != "root"}
    return document


def _renamed(slot: SlotData, case: Case, many: bool) -> Case:
    whole = case.whole and f"{slot.name}:{case.whole}"
    return dataclasses.replace(case, id=f"{slot.name}:{case.id}", whole=whole) if many else case
