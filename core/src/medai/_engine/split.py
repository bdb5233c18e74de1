"""Sharing groups out to train, valid and test. A split is made once, stored in the run folder, and read from there ever after."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medai._words import listed
from medai.api import Split
from medai.errors import DataError
from medai.tasks import Case

ROLES = ("train", "valid", "test")
GAP = "gap"


@dataclass(frozen=True)
class Member:
    """A case in a slot, and the roles that the slot allows it."""

    slot: str
    case: Case
    roles: tuple[str, ...]
    single_subject: bool = False

    @property
    def key(self) -> str:
        """The case's name across slots."""
        return f"{self.slot}:{self.case.id}"


def share_out(members: Sequence[Member], split: Split, *, learns: bool, fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """The role of each case, by key.

    `fixed` gives the roles of groups that an upstream run has already shared out. A method that learns nothing leaves the training
    part to its tuned baselines.

    Raises:
        DataError: a named group is not there, two cases have one name, a group would stand in two parts, or a part stays empty.
    """
    keys = [member.key for member in members]
    if len(set(keys)) < len(keys):
        doubled = sorted({key for key in keys if keys.count(key) > 1})
        raise DataError(f"case ids that stand more than once: {listed(doubled[:5])}")
    roles: dict[str, str] = {}
    slots: dict[str, list[Member]] = {}
    for member in members:
        slots.setdefault(member.slot, []).append(member)
    by_group = dict(fixed or {})
    for slot in slots.values():
        roles |= _slot_roles(slot, split, by_group)
        # A group that stands in two slots has one role in both.
        by_group |= {member.case.group: roles[member.key] for member in slot if not member.single_subject}
    check_no_leak(members, roles)
    _check_parts(roles, learns)
    return roles


def check_no_leak(members: Iterable[Member], roles: Mapping[str, str]) -> None:
    """Raise DataError when a group stands in two parts; a single subject, shared out in blocks, is let through and marked."""
    parts: dict[str, set[str]] = {}
    for member in members:
        if not member.single_subject and roles.get(member.key, GAP) != GAP:
            parts.setdefault(member.case.group, set()).add(roles[member.key])
    leaking = sorted(group for group, found in parts.items() if len(found) > 1)
    if leaking:
        raise DataError(f"leak: group {leaking[0]!r} stands in {listed(sorted(parts[leaking[0]]))} ({len(leaking)} such groups)")


def _slot_roles(members: list[Member], split: Split, fixed: Mapping[str, str]) -> dict[str, str]:
    allowed = members[0].roles
    if len(allowed) == 1:
        return {member.key: allowed[0] for member in members}
    if members[0].single_subject:
        return _blocks(members, split, allowed)
    published = {member.key: str(member.case.split) for member in members if member.case.split in allowed}
    if split.published and len(published) == len(members):
        return _with_validation(members, published, split, allowed, fixed)
    groups = sorted({member.case.group for member in members})
    by_group = _group_roles(groups, split, allowed, fixed)
    return {member.key: by_group[member.case.group] for member in members}


def _with_validation(
    members: list[Member], published: dict[str, str], split: Split, allowed: tuple[str, ...], fixed: Mapping[str, str]
) -> dict[str, str]:
    """The published split; where it has no part for validation, one out of its training groups."""
    if "valid" not in allowed or "valid" in published.values():
        return published
    groups = sorted({member.case.group for member in members})
    training = sorted({member.case.group for member in members if published[member.key] == "train"})
    # A fraction is of all groups, published or not: 0.1 of ten patients is one of the eight that are left to train on.
    valid = split.valid if isinstance(split.valid, tuple | str) or not training else split.valid * len(groups) / len(training)
    by_group = _group_roles(training, dataclasses.replace(split, valid=valid, test=0.0), ("train", "valid"), fixed) if training else {}
    return published | {member.key: by_group[member.case.group] for member in members if published[member.key] == "train"}


def _group_roles(groups: list[str], split: Split, allowed: tuple[str, ...], fixed: Mapping[str, str]) -> dict[str, str]:
    roles = {group: fixed[group] for group in groups if group in fixed}
    for role, wanted in (("test", split.test), ("valid", split.valid)):
        if isinstance(wanted, tuple) and role in allowed:
            named = dict.fromkeys(_named(role, wanted, groups), role)
            both = sorted(group for group in named if roles.get(group, role) != role and group not in fixed)
            if both:
                raise DataError(f"the group {both[0]!r} is named for {role} and for {roles[both[0]]}")
            roles |= named
    shuffled = [str(group) for group in np.random.default_rng(split.seed).permutation(groups)]
    free = [group for group in shuffled if group not in roles]
    for role, wanted in (("test", split.test), ("valid", split.valid)):
        if isinstance(wanted, tuple | str) or role not in allowed or wanted <= 0:
            continue
        have = sum(found == role for found in roles.values())
        # At least one group, and never the last one that training could have.
        count = max(0, min(max(1, round(wanted * len(groups))) - have, len(free) - 1 if "train" in allowed else len(free)))
        roles |= dict.fromkeys(free[:count], role)
        free = free[count:]
    rest = next(role for role in ("train", "test", "valid") if role in allowed)
    return roles | dict.fromkeys(free, rest)


def _named(role: str, wanted: tuple[str, ...], groups: list[str]) -> list[str]:
    from medai.io import pseudonym

    found = []
    for name in wanted:
        match = [group for group in groups if group in (name, pseudonym(name))]
        if not match:
            raise DataError(f"the {role} group {name!r} is not among the data's {len(groups)} groups: {listed(groups[:8])}")
        found += match
    return found


def _blocks(members: list[Member], split: Split, allowed: tuple[str, ...]) -> dict[str, str]:
    """One subject: contiguous blocks in the dataset's own order, with a gap of unused cases between them."""
    if isinstance(split.test, tuple) or isinstance(split.valid, tuple):
        raise DataError("a data set of one subject is split in contiguous blocks: give fractions, not group names")
    n = len(members)
    sizes = {
        role: max(1, round(part * n)) if role in allowed and not isinstance(part, str) and part > 0 else 0
        for role, part in (("valid", split.valid), ("test", split.test))
    }
    roles: dict[str, str] = {}
    end = n
    for role in ("test", "valid"):
        if sizes[role]:
            roles |= {member.key: role for member in members[max(0, end - sizes[role]) : end]}
            end = max(0, end - sizes[role])
            roles |= {member.key: GAP for member in members[max(0, end - split.gap) : end]}
            end = max(0, end - split.gap)
    return roles | {member.key: "train" for member in members[:end]}


def _check_parts(roles: Mapping[str, str], learns: bool) -> None:
    for role, why in (("train", "nothing to learn from"), ("test", "nothing to measure on")):
        if role not in roles.values() and (role == "test" or learns):
            raise DataError(
                f"no case is left for {role}, so there is {why}; of {len(roles)} cases in all: give more groups or other fractions"
            )
