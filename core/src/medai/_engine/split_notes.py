"""What a run says of its split beside every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from medai._engine.split import LEFT_OUT, Member, divided, left_out
from medai._words import listed
from medai.api import Split


def notes_on(members: Sequence[Member], roles: Mapping[str, str], split: Split, alike: Mapping[str, str] | None = None) -> Iterator[str]:
    """That groups were not kept together, how many cases are in no part, and why, and how many are like one of a later part (`alike`, by
    key); nothing where there is nothing to say."""
    if split.by == "case":
        groups = {member.case.group for member in members if roles.get(member.key, LEFT_OUT) != LEFT_OUT}
        torn = len(divided(members, roles))
        effect = ", so that the figures need not hold for groups that were never seen" if torn else ""
        yield f"split by case, as the protocol says: {torn or 'none'} of {len(groups)} groups stand in more than one part{effect}"
    if split.without and not any(member.case.attributes for member in members):
        yield f"the protocol leaves out {listed(split.without)}: no case has an attribute, so that none is left out"
    elif split.without:
        found = left_out(members, split)
        rules = list(found.values())
        counts = listed(f"{sum(reason == rule or reason.startswith(f'{rule}: ') for reason in rules)} {rule}" for rule in split.without)
        yield f"left out of every part, as the protocol says: {len(found)} of {len(members)} cases ({counts})"
    if alike:
        what = "a case of a later part" if split.leaks == "drop" else "a case of a later part, so that figures need not hold for others"
        done = "taken out of training and validation" if split.leaks == "drop" else "kept in training and validation, as the protocol says"
        yield f"{done}: {len(alike)} of {len(members)} cases that are like {what} (likeness {split.likeness:g} or more)"
