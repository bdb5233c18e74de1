"""Sharing groups, or cases, out to train, valid and test. A split is made once, stored in the run folder, and read from there after."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medai._words import listed, nearest
from medai.api import Split
from medai.errors import DataError, UsageError
from medai.tasks import Case

ROLES = ("train", "valid", "test")
GAP, LEFT_OUT = "gap", "left out"
NO_PART = (GAP, LEFT_OUT)
"""What stands for the part of a case that is in none."""


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
        UsageError: as `left_out`.
    """
    keys = [member.key for member in members]
    if len(set(keys)) < len(keys):
        doubled = sorted({key for key in keys if keys.count(key) > 1})
        raise DataError(f"case ids that stand more than once: {listed(doubled[:5])}")
    without = left_out(members, split)
    roles = dict.fromkeys(keys, LEFT_OUT)
    slots: dict[str, list[Member]] = {}
    for member in members:
        if member.key not in without:
            slots.setdefault(member.slot, []).append(member)
    by_group = dict(fixed or {})
    for slot in slots.values():
        roles |= _slot_roles(slot, split, by_group)
        if split.by == "group":
            # A group that stands in two slots has one role in both.
            by_group |= {member.case.group: roles[member.key] for member in slot if not member.single_subject}
    if split.by == "group":
        check_no_leak(members, roles)
    check_parts(roles, learns)
    return roles


def left_out(members: Sequence[Member], split: Split) -> dict[str, str]:
    """By key, the cases that the split is without, each with the reason: `class=normal`, or `twin: c7` for the bare name `twin`.

    Data without any attribute have nothing to leave out.

    Raises:
        UsageError: the data have attributes, and none is called so.
    """
    known = {name for member in members for name in member.case.attributes}
    found: dict[str, str] = {}
    for rule in split.without:
        name, equals, wanted = rule.partition("=")
        if known and name not in known:
            raise UsageError(f"protocol.split.without: no case has the attribute {name!r}{nearest(name, known)}")
        for member in members:
            value = member.case.attributes.get(name)
            if value is not None and (_is(value, wanted) if equals else value):
                found.setdefault(member.key, rule if equals else f"{name}: {value}")
    return found


def check_no_leak(members: Iterable[Member], roles: Mapping[str, str]) -> None:
    """Raise DataError when a group stands in two parts; a single subject, shared out in blocks, is let through and marked."""
    leaking = divided((member for member in members if not member.single_subject), roles)
    if leaking:
        group, parts = min(leaking.items())
        raise DataError(f"leak: group {group!r} stands in {listed(sorted(parts))} ({len(leaking)} such groups)")


def divided(members: Iterable[Member], roles: Mapping[str, str]) -> dict[str, set[str]]:
    """The groups that stand in more than one part, with the parts."""
    parts: dict[str, set[str]] = {}
    for member in members:
        if roles.get(member.key, GAP) not in NO_PART:
            parts.setdefault(member.case.group, set()).add(roles[member.key])
    return {group: found for group, found in parts.items() if len(found) > 1}


def _is(value: str | float, wanted: str) -> bool:
    if isinstance(value, str):
        return value == wanted
    try:
        return float(value) == float(wanted)
    except ValueError:
        return False


def _slot_roles(members: list[Member], split: Split, fixed: Mapping[str, str]) -> dict[str, str]:
    allowed = members[0].roles
    if len(allowed) == 1:
        return {member.key: allowed[0] for member in members}
    if members[0].single_subject and split.by == "group":
        return _blocks(members, split, allowed)
    published = {member.key: str(member.case.split) for member in members if member.case.split in allowed}
    if split.published and len(published) == len(members):
        return _with_validation(members, published, split, allowed, fixed)
    return _shared(members, split, allowed, fixed)


def _with_validation(
    members: list[Member], published: dict[str, str], split: Split, allowed: tuple[str, ...], fixed: Mapping[str, str]
) -> dict[str, str]:
    """The published split; where it has no part for validation, one out of its training groups."""
    if "valid" not in allowed or "valid" in published.values():
        return published
    training = [member for member in members if published[member.key] == "train"]
    if not training:
        return published
    # A fraction is of all groups, published or not: 0.1 of ten patients is one of the eight that are left to train on.
    count, of = len(_units(members, split)), len(_units(training, split))
    valid = split.valid if isinstance(split.valid, tuple | str) else split.valid * count / of
    return published | _shared(training, dataclasses.replace(split, valid=valid, test=0.0), ("train", "valid"), fixed)


def _shared(members: list[Member], split: Split, allowed: tuple[str, ...], fixed: Mapping[str, str]) -> dict[str, str]:
    """Groups, or cases, shared out; those of a group that is fixed have its role."""
    units = _units(members, split)
    known = {unit: fixed[found[0].case.group] for unit, found in units.items() if found[0].case.group in fixed}
    roles = _unit_roles(sorted(units), split, allowed, known)
    return {member.key: roles[unit] for unit, found in units.items() for member in found}


def _units(members: Iterable[Member], split: Split) -> dict[str, list[Member]]:
    """What is shared out, by name, with its cases; parts of one whole are one case."""
    units: dict[str, list[Member]] = {}
    for member in members:
        case = member.case
        units.setdefault(case.group if split.by == "group" else case.whole or case.id, []).append(member)
    return units


def _unit_roles(units: list[str], split: Split, allowed: tuple[str, ...], fixed: Mapping[str, str]) -> dict[str, str]:
    roles = dict(fixed)
    for role, wanted in (("test", split.test), ("valid", split.valid)):
        if isinstance(wanted, tuple) and role in allowed:
            named = dict.fromkeys(_named(role, wanted, units, split.by), role)
            both = sorted(unit for unit in named if roles.get(unit, role) != role and unit not in fixed)
            if both:
                raise DataError(f"the {split.by} {both[0]!r} is named for {role} and for {roles[both[0]]}")
            roles |= named
    shuffled = [str(unit) for unit in np.random.default_rng(split.seed).permutation(units)]
    free = [unit for unit in shuffled if unit not in roles]
    for role, wanted in (("test", split.test), ("valid", split.valid)):
        if isinstance(wanted, tuple | str) or role not in allowed or wanted <= 0:
            continue
        have = sum(found == role for found in roles.values())
        # At least one, and never the last one that training could have.
        count = max(0, min(max(1, round(wanted * len(units))) - have, len(free) - 1 if "train" in allowed else len(free)))
        roles |= dict.fromkeys(free[:count], role)
        free = free[count:]
    rest = next(role for role in ("train", "test", "valid") if role in allowed)
    return roles | dict.fromkeys(free, rest)


def _named(role: str, wanted: tuple[str, ...], groups: list[str], word: str) -> list[str]:
    from medai.io import pseudonym

    found = []
    for name in wanted:
        match = [group for group in groups if group in (name, pseudonym(name))]
        if not match:
            raise DataError(f"the {role} {word} {name!r} is not among the data's {len(groups)} {word}s: {listed(groups[:8])}")
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


def check_parts(roles: Mapping[str, str], learns: bool) -> None:
    """Raise DataError when nothing is left to learn from or to measure on."""
    for role, why in (("train", "nothing to learn from"), ("test", "nothing to measure on")):
        if role not in roles.values() and (role == "test" or learns):
            raise DataError(
                f"no case is left for {role}, so there is {why}; of {len(roles)} cases in all: give more groups or other fractions"
            )
