"""Cases of one part that are like a case of another, whatever their groups: what data that can tell it say, and what the split does.
And other data of which a run has seen some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from medai._engine.blame import blamed
from medai._engine.split import LEFT_OUT, Member
from medai._words import counted
from medai.api import Split
from medai.errors import DataError

if TYPE_CHECKING:
    from medai._engine.data import SlotData

_AGAINST = {"train": ("valid", "test"), "valid": ("test",)}
"""The parts that a part's cases may not be like: what is measured on stays as it is."""
_NAMED = 3


def likenesses(slots: Sequence[SlotData], roles: Mapping[str, str], least: float) -> dict[str, str]:
    """By key, the cases for training and validation that are like one of a later part, each with what it is like.

    Raises:
        PluginError: a dataset's `alike` fails, or names a case that it was not asked about.
    """
    found: dict[str, str] = {}
    for part, later in _AGAINST.items():
        others = [(beneath(slot.own), ids) for slot in slots if (ids := list(_ids(slot, roles, later)))]
        for slot in slots:
            found |= _alike(slot, roles, (part,), others, least)
    return found


def seen(
    slots: Sequence[SlotData], roles: Mapping[str, str], trained: Sequence[SlotData], own: Mapping[str, str], least: float
) -> dict[str, str]:
    """By key, the test cases of other data that are like one that a run was trained or selected on, each with what it is like.

    Args:
        slots: the other data.
        roles: theirs.
        trained: the run's own data.
        own: the roles that the run gave to them.
        least: likeness from which cases are alike.

    Raises:
        PluginError: as `likenesses`.
    """
    others = [(beneath(slot.own), ids) for slot in trained if (ids := list(_ids(slot, own, tuple(_AGAINST))))]
    return {key: text for slot in slots for key, text in _alike(slot, roles, ("test",), others, least).items()}


def without_leaks(roles: Mapping[str, str], alike: Mapping[str, str], split: Split) -> dict[str, str]:
    """The roles as the split wants them where cases are alike: without those, with them, or not at all.

    Raises:
        DataError: there are some, and the split calls that an error.
    """
    if alike and split.leaks == "error":
        parts = [
            f"{sum(roles[key] == part for key in alike)} of {sum(role == part for role in roles.values())} for {part}" for part in _AGAINST
        ]
        such = "; ".join(f"{key} is like {text}" for key, text in list(alike.items())[:_NAMED])
        told = f"leak: of the cases, {' and '.join(parts)} are like one of a later part, such as: {such}"
        raise DataError(f"{told}. --set protocol.split.leaks=drop takes them out, and says how many")
    return dict(roles) if split.leaks == "keep" else {**roles, **dict.fromkeys(alike, LEFT_OUT)}


def check_unseen_cases(keys: set[str], roles: Mapping[str, str]) -> None:
    """One subject's cases are told apart by their names alone."""
    found = sorted(key for key in keys if roles.get(key) in _AGAINST)
    if found:
        raise DataError(f"leak: {len(found)} cases of these data were used in training, such as {found[0]!r}")


def without_seen(
    members: Sequence[Member], roles: Mapping[str, str], groups: Mapping[str, str], split: Split
) -> tuple[dict[str, str], dict[str, str]]:
    """The roles without the test cases of groups that a run was trained or selected on, and those cases with the reason.

    Raises:
        DataError: there are some, and the split does not drop leaks, or nothing else is left.
    """
    tested = {member.key: member.case.group for member in members if roles.get(member.key) == "test"}
    unseen = {group for group in tested.values() if groups.get(group) not in _AGAINST}
    if split.leaks != "drop" or not unseen:
        check_unseen(set(tested.values()), groups, "; a run with --set protocol.split.leaks=drop leaves them out by itself, and lists them")
    found = {key: "the run was trained or selected on its group" for key, group in tested.items() if group not in unseen}
    return {**roles, **dict.fromkeys(found, LEFT_OUT)}, found


def check_unseen(groups: set[str], roles: Mapping[str, str], more: str = "") -> None:
    """Raise DataError when a run was trained or selected on one of these groups; `more` is a way out beside leaving it out of the data."""
    found = sorted(group for group in groups if roles.get(group) in _AGAINST)
    if found:
        told = f"the run was trained or selected on {len(found)} of {counted(len(groups), 'group')} of these data, such as {found[0]!r}"
        mend = f". The others can be measured: leave these out of the data{more}" if len(found) < len(groups) else ""
        raise DataError(f"leak: {told}{mend}")


def beneath(dataset: Any) -> Any:
    """What can tell what is alike: the dataset beneath views that cannot; the views' own cases are known by `Case.whole`."""
    while not hasattr(dataset, "alike") and hasattr(dataset, "source"):
        dataset = dataset.source
    return dataset


def _alike(
    slot: SlotData, roles: Mapping[str, str], parts: Sequence[str], others: Sequence[tuple[Any, Sequence[str]]], least: float
) -> dict[str, str]:
    own, dataset = _ids(slot, roles, parts), beneath(slot.own)
    if not own or not others or not hasattr(dataset, "alike"):
        return {}
    with blamed(f"alike of the data in the slot {slot.name!r}"):
        return {key: text for id, text in dataset.alike(list(own), others, least).items() for key in own[id]}


def _ids(slot: SlotData, roles: Mapping[str, str], parts: Sequence[str]) -> dict[str, list[str]]:
    """The dataset's own ids of a slot's cases in these parts, each with the keys of the cases that a view made of it."""
    found: dict[str, Any] = {}
    for member in slot.members():
        if roles.get(member.key) in parts:
            found.setdefault(member.case.whole or member.case.id, []).append(member.key)
    return found
