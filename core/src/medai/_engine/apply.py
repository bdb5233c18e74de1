"""A finished run put to use: opened, and evaluated on other data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from medai._engine.configure import Configuration, restore, root_of, with_data
from medai._engine.data import SlotData, cases_left_out, group_roles, open_slots, part, stored_likenesses
from medai._engine.device import describe, resolve_device
from medai._engine.document import to_document
from medai._engine.evaluate import Answer, build_metrics, evaluate, notes_of, training_figures
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.leaks import beneath, check_unseen, check_unseen_cases, seen, without_seen
from medai._engine.listener import Listener
from medai._engine.models import FinishedRun, build_task, trained_predictor
from medai._engine.record import CaseTable, stored_answers, summarise
from medai._engine.run import MODEL
from medai._engine.settle import settled_by
from medai._engine.showing import Remarks, draw_charts
from medai._engine.split import LEFT_OUT, left_out, share_out
from medai._report import write_report
from medai._results.folder import RunFolder, read_json
from medai._words import counted, listed
from medai.api import Recipe, Slot, Use
from medai.errors import DataError
from medai.io import pseudonym, write_json
from medai.tasks import Task


@dataclass(frozen=True)
class Opened:
    """A finished run with what is needed to use it."""

    folder: RunFolder
    record: Mapping[str, Any]
    configuration: Configuration
    runs: Mapping[str, FinishedRun]
    device: torch.device

    @classmethod
    def at(cls, root: Path, device: str) -> Opened:
        """The run in a folder, to be used on a device."""
        folder = RunFolder(root)
        record = folder.read_record()
        runs = {name: FinishedRun.of(folder, item) for name, item in record["upstream"].items()}
        return cls(folder, record, restore(record), runs, resolve_device(device))

    @property
    def budget(self) -> float:
        """The largest fraction of bad cases that the run was told to leave out."""
        return float(self.record["options"]["budget"])


def evaluate_run(
    root: Path,
    data: Sequence[str],
    out: RunFolder,
    device: str,
    listener: Listener,
    *,
    workers: int = 0,
    budget: float | None = None,
) -> dict[str, Any]:
    """Evaluate a run on its own test part, or on other data, in full; return what `summary.json` in `out` holds.

    Args:
        root: the run's folder.
        data: `NAME=[DATASET:]PATH` for each slot that is to be other data.
        out: an empty folder.
        device: `auto`, `cpu`, `cuda`, ...
        listener: hears of it.
        workers: loader processes.
        budget: largest fraction of bad cases to leave out; None: as the run was told.

    Raises:
        DataError: a group of the data is one that the run was trained or selected on, unless the run's protocol drops leaks and other
            groups are left; or a case is like such a one, unless the protocol says what becomes of it.
    """
    opened = Opened.at(root, device)
    recipe = (with_data(opened.configuration, data) if data else opened.configuration).recipe
    slots = open_slots(recipe, opened.runs)
    if data:
        members = [member for slot in slots for member in slot.members()]
        without = left_out(members, recipe.protocol.split)
        roles = {member.key: LEFT_OUT if member.key in without else "test" for member in members if "test" in member.roles}
        roles, dropped = without_seen(members, roles, _used(opened, group_roles(opened.folder)), recipe.protocol.split)
    else:
        roles, dropped = _own_roles(opened), {}
    audit = _audited(opened, slots, roles, other=bool(data)).with_seen(dropped)
    summary, task, feed = _measured(opened, recipe, slots, audit.roles, audit, out, listener, workers=workers, budget=budget)
    write_report(out, task, lambda ids: stored_answers(out, feed, task, ids))
    return summary


def evaluate_part(
    root: Path,
    slots: Mapping[str, Use],
    out: RunFolder,
    device: str,
    listener: Listener,
    *,
    groups: Sequence[str] = (),
    whole: bool = False,
    workers: int = 0,
) -> dict[str, Any]:
    """Evaluate a run on the test part that its own protocol makes of other data, or on its own; return what `summary.json` in `out` holds.

    No page is written: whoever asks for a part has one of many.

    Args:
        root: the run's folder.
        slots: a dataset for each of the recipe's slots; empty: the run's own data, as they were split.
        out: an empty folder.
        device: `auto`, `cpu`, `cuda`, ...
        listener: hears of it.
        groups: the groups of the test part that count, by name or pseudonym; empty: all.
        whole: all of the other data are the test part, whatever the protocol's fractions.
        workers: loader processes.

    Raises:
        DataError: the run was trained or selected on what would be measured, or a group is not in the test part.
    """
    opened = Opened.at(root, device)
    recipe = opened.configuration.recipe
    recipe = on_other_data(recipe, slots)
    found = open_slots(recipe, opened.runs)
    own = _own_roles(opened)
    roles = own
    if slots:
        members = [member for slot in found for member in slot.members()]
        if whole:
            without = left_out(members, recipe.protocol.split)
            roles = {member.key: LEFT_OUT if member.key in without else "test" for member in members}
        else:
            roles = share_out(members, recipe.protocol.split, learns=recipe.train is not None)
        check_unseen(
            {member.case.group for member in members if roles[member.key] == "test" and not member.single_subject},
            _used(opened, group_roles(opened.folder)),
        )
        check_unseen_cases({key for key, role in roles.items() if role == "test"}, _used(opened, own))
    audit = _audited(opened, found, roles, other=bool(slots))
    tested = of_groups(found, audit.roles, groups) if groups else audit.roles
    return _measured(opened, recipe, found, tested, audit, out, listener, workers=workers)[0]


class _Audit(NamedTuple):
    """What is alike in the data and in what a run was trained on, by key with what it is like; the roles that follow, and what is said.

    `seen` has the cases that are left out because of their group, with that reason."""

    roles: Mapping[str, str]
    alike: Mapping[str, str]
    notes: Sequence[str] = ()
    seen: Mapping[str, str] = MappingProxyType({})

    def with_seen(self, seen: Mapping[str, str]) -> _Audit:
        """The same, where these were left out before anything was held against what the run was trained on."""
        if not seen:
            return self
        told = f"left out of what is measured: {counted(len(seen), 'case')} of groups that the run was trained or selected on"
        return self._replace(seen=seen, notes=[told, *self.notes])


def _audited(opened: Opened, slots: Sequence[SlotData], roles: Mapping[str, str], *, other: bool) -> _Audit:
    """Take out, keep or refuse cases that are like one that the run was trained on, as its protocol says; of the run's own data (not
    `other`), as it was done when they were shared out.

    Raises:
        DataError: there are some, and the protocol calls that an error.
    """
    split = opened.configuration.recipe.protocol.split
    if not other:
        return _Audit(roles, stored_likenesses(opened.folder))
    if not any(hasattr(beneath(slot.own), "alike") for slot in slots):
        return _Audit(roles, {})
    try:
        trained = open_slots(opened.configuration.recipe, opened.runs)
    except DataError as error:
        # Who was given a run alone may measure it all the same.
        return _Audit(roles, {}, [f"not held against what the run was trained on, which cannot be opened: {error.reason}"])
    alike = seen(slots, roles, trained, _used(opened, _own_roles(opened)), split.likeness)
    if not alike:
        return _Audit(roles, {})
    told = (
        f"{len(alike)} of {sum(role == 'test' for role in roles.values())} cases that are like one that the run was trained or selected on"
    )
    if split.leaks == "error":
        key, text = next(iter(alike.items()))
        mend = "A run with --set protocol.split.leaks=drop leaves them out of what is measured, and lists them"
        raise DataError(f"leak: there are {told}; {key} is like {text}. {mend}")
    if split.leaks == "keep":
        return _Audit(roles, {}, [f"measured, as the protocol says: {told} (likeness {split.likeness:g} or more)"])
    left = {**roles, **dict.fromkeys(alike, LEFT_OUT)}
    return _Audit(left, alike, [f"left out of what is measured: {told} (likeness {split.likeness:g} or more)"])


def _measured(
    opened: Opened,
    recipe: Recipe,
    slots: list[SlotData],
    roles: Mapping[str, str],
    audit: _Audit,
    out: RunFolder,
    listener: Listener,
    *,
    workers: int,
    budget: float | None = None,
) -> tuple[dict[str, Any], Task[Any, Any, Any], CaseFeed]:
    task = build_task(recipe.task)
    listener.stage(f"evaluation on {describe(opened.device)}")
    quarantine, pool = Quarantine(opened.budget if budget is None else budget), part(slots, roles, "test")
    feed = CaseFeed(pool, task, part="test", seed=opened.record["seed"], workers=workers, quarantine=quarantine)
    settled, notes, options = settled_by(opened.folder), [*opened.record["notes"], *audit.notes], recipe.protocol.options
    metrics = build_metrics(recipe.protocol, task, settled)

    for text in audit.notes:
        listener.warn(text)

    def note(text: str) -> None:
        listener.warn(text)
        notes.extend(() if text in notes else (text,))

    table, remarks = CaseTable(out, task), Remarks(task, options, note)
    predictor = trained_predictor(opened.folder, opened.device)
    result = evaluate(predictor, feed, task, metrics, keep=(table.keep, remarks.add))
    for text in notes_of(predictor):
        note(text)
    charts = draw_charts(metrics, result, out, options, note)
    result.figures |= training_figures(recipe.protocol, opened.folder)
    for message in quarantine.announce():
        listener.warn(f"left out: {message}")
    table.add(MODEL, result)
    table.add_quarantined(quarantine.reasons)
    without = cases_left_out(slots, recipe.protocol.split, audit.alike, audit.seen)
    table.add_left_out(without)
    table.write()
    summary = summarise(
        opened.record,
        result,
        slots=slots,
        reasons=quarantine.reasons,
        left_out=without,
        charts=charts,
        shown=remarks.as_record(),
        settled={MODEL: settled},
    )
    write_json(out.summary, summary)
    evaluated = {
        **opened.record,
        "configuration": to_document(recipe),
        "evaluation_of": str(opened.folder.root),
        "data": {slot.name: slot.as_record() for slot in slots},
        "parts": {"test": len(feed)},
        "notes": notes,
    }
    write_json(out.record, evaluated)
    return summary, task, feed


def stored_part(opened: Opened, ids: Sequence[str]) -> Iterator[Answer]:
    """Cases of a run or of an evaluation, by id, with the predictions that were written down."""
    recipe = opened.configuration.recipe
    task = build_task(recipe.task)
    slots = open_slots(recipe, opened.runs)
    tested = {member.key: "test" for slot in slots for member in slot.members()}
    feed = CaseFeed(part(slots, tested, "test"), task, part="test", seed=opened.record["seed"], workers=0, quarantine=Quarantine(1.0))
    return stored_answers(opened.folder, feed, task, ids)


def _own_roles(opened: Opened) -> dict[str, str]:
    roles: dict[str, str] = read_json(opened.folder.split, "the run has no split.json")["cases"]
    return roles


def _used(opened: Opened, roles: Mapping[str, str]) -> Mapping[str, str]:
    """The roles of groups or cases, less those that had no part in the run: where nothing was learnt, here or upstream, the training part
    was not looked at, nor the validation part unless a metric chose something on it."""
    if opened.runs or read_json(opened.folder.summary, "the run has no summary.json").get("selected", True) is not None:
        return roles
    chosen = any(item["parameters"] for item in settled_by(opened.folder))
    return {name: role for name, role in roles.items() if role == "valid" and chosen}


def on_other_data(recipe: Recipe, slots: Mapping[str, Use]) -> Recipe:
    """The recipe on a dataset for each of its slots; as it is where there are none."""
    data = {name: Slot(folder=use, embedded=use, roles=recipe.data[name].roles) for name, use in slots.items()}
    return replace(recipe, data=data) if data else recipe


def of_groups(slots: Sequence[SlotData], roles: Mapping[str, str], groups: Sequence[str]) -> dict[str, str]:
    """The roles, with the test part cut down to some groups, by name or pseudonym.

    Raises:
        DataError: a group is not in the test part.
    """
    wanted = {name: {name, pseudonym(name)} for name in groups}
    tested = {member.key: member.case.group for slot in slots for member in slot.members() if roles.get(member.key) == "test"}
    for name, names in wanted.items():
        if not names & set(tested.values()):
            there, root = listed(sorted(set(tested.values()))[:8]), root_of(slots[0].use) if len(slots) == 1 else None
            raise DataError(f"the group {name!r} is not in the test part, which has {there}", root)
    chosen = {key for key, group in tested.items() if any(group in names for names in wanted.values())}
    return {key: role for key, role in roles.items() if role != "test" or key in chosen}
